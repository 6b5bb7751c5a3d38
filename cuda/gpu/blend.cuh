// Alpha blending, front to back (Kerbl et al. 2023): a block a tile, a thread a pixel, with a checkpoint of each pixel
// every kSegment splats from which the backward pass sets out (Mallick et al. 2024).
#pragma once

#include "fragment.cuh"

namespace tame::gpu {

template <bool kDepth>
__global__ void __launch_bounds__(kTilePixels, kBlendBlocks) blend_kernel(BlendArgs a) {
  if (a.counts->overflow != 0) return;
  const int tile = int(blockIdx.x), thread = int(threadIdx.x), lane = thread % kWarp;
  const int2 offset = tile_pixel(thread);
  const int tile_x = tile % a.tiles_x * kTile, tile_y = tile / a.tiles_x * kTile;
  const int x = tile_x + offset.x, y = tile_y + offset.y;
  const bool inside = x < a.width && y < a.height;
  static_assert(kSegment == kTilePixels, "checkpoints stand between the batches");
  const float pixel_x = float(x) + 0.5f, pixel_y = float(y) + 0.5f;
  // Centre of the warp's first pixel.
  const float left = float(tile_x + offset.x - lane % kSubTileWidth) + 0.5f;
  const float top = float(tile_y + offset.y - lane / kSubTileWidth) + 0.5f;

  const uint2 range = a.tile_ranges[tile];
  const uint32_t instances = range.y - range.x, first_segment = tile == 0 ? 0 : a.tile_segments[tile - 1];
  for (uint32_t s = first_segment + uint32_t(thread); s < a.tile_segments[tile]; s += kTilePixels)
    a.segment_tiles[s] = uint32_t(tile);

  __shared__ Splat staged[kTilePixels];
  __shared__ uchar4 near_splats[kTileWarps][kTilePixels / 4 + 1];  // places in the batch, and some to fill up
  __shared__ uint32_t tile_last;
  if (thread == 0) tile_last = 0;

  float T = 1.f, color[3] = {0.f, 0.f, 0.f}, depth = 0.f;
  uint32_t last = 0;
  bool done = !inside;
  const auto gaussian_of = [&](uint32_t place) { return place < instances ? a.instances[range.x + place].y : 0; };
  uint32_t gaussian = gaussian_of(uint32_t(thread));
  for (uint32_t batch = 0; batch < instances; batch += kTilePixels) {
    if (__syncthreads_and(done)) break;
    if (batch != 0 && a.checkpoints != nullptr)  // tile + 1 segments before this one have none, being the first
      a.checkpoints[size_t(first_segment + batch / kSegment - uint32_t(tile) - 1) * kTilePixels + uint32_t(thread)] =
          make_float4(color[0], color[1], color[2], T);
    if (batch + uint32_t(thread) < instances) staged[thread] = a.splats[gaussian];
    gaussian = gaussian_of(batch + kTilePixels + uint32_t(thread));  // while this batch is blended
    __syncthreads();
    const uint32_t batch_end = min(instances - batch, uint32_t(kTilePixels));
    // Each lane looks whether one splat can touch this warp's pixels at all.
    uint8_t* const list = &near_splats[thread / kWarp][0].x;
    uint32_t listed = 0;
    for (uint32_t k = uint32_t(lane); k < (batch_end + kWarp - 1) / kWarp * kWarp; k += kWarp) {
      const bool near = k < batch_end && near_warp(staged[k], left, top);
      const unsigned round = __ballot_sync(kFullWarp, near);
      if (near) list[listed + uint32_t(__popc(round & ((1u << lane) - 1u)))] = uint8_t(k);
      listed += uint32_t(__popc(round));
    }
    if (lane < 4) list[listed + uint32_t(lane)] = 0;
    __syncwarp();
    for (uint32_t first = 0; first < listed && !__all_sync(kFullWarp, done); first += 4) {
      const uchar4 four = near_splats[thread / kWarp][first / 4];
      const uint8_t places[4] = {four.x, four.y, four.z, four.w};
      Fragment fragments[4];  // ahead of the chain of transmittances, on which they do not depend
#pragma unroll
      for (uint32_t n = 0; n < 4; ++n) fragments[n] = fragment(staged[places[n]], pixel_x, pixel_y);
        // Without branches: in most rounds some pixel of the warp takes the splat.
#pragma unroll
      for (uint32_t n = 0; n < 4; ++n) {
        const Splat& s = staged[places[n]];
        const float alpha = fragments[n].alpha, after = T * (1.f - alpha);
        const bool touches = fragments[n].touches && first + n < listed && !done;
        const bool ends = touches && after < core::kMinTransmittance, taken = touches && !ends;
        const float weight = taken ? alpha * T : 0.f;
        for (int c = 0; c < 3; ++c) color[c] = fmaf(weight, s.rgb[c], color[c]);
        if (kDepth) depth = fmaf(weight, s.depth, depth);
        T = taken ? after : T;
        last = taken ? batch + places[n] + 1 : last;
        done = done || ends;
      }
    }
  }
  if (inside) {
    const size_t plane = size_t(a.width) * size_t(a.height), at = size_t(y) * size_t(a.width) + size_t(x);
    for (int c = 0; c < 3; ++c) a.image[size_t(c) * plane + at] = fmaf(T, a.background[c], color[c]);
    a.transmittance[at] = T;
    if (kDepth) a.depth[at] = depth;
    a.last[at] = last;
  }
  const uint32_t warp_last = __reduce_max_sync(kFullWarp, last);
  __syncthreads();
  if (lane == 0) atomicMax(&tile_last, warp_last);
  __syncthreads();
  if (thread == 0) a.tile_last[tile] = tile_last;
}

}  // namespace tame::gpu
