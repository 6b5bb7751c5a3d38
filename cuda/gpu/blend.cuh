// Alpha blending, front to back (Kerbl et al. 2023): one block per tile, one thread per pixel. Every kSegment splats
// each pixel stores a checkpoint from which the backward pass starts (Mallick et al. 2024).
#pragma once

#include "fragment.cuh"

namespace tame::gpu {

constexpr uint32_t kRound = 4;  // splats that a warp blends at a time

// Fills `list` with the places of the splats that can touch a warp's pixels, in bytes from the first splat, and returns
// their number. (left, top): the centre of the warp's first pixel. Each lane tests one splat at a time. The list is
// padded to a whole round with the splat at kTilePixels. masks: null, or where the replay finds the same splats as
// bits.
__device__ __forceinline__ uint32_t list_near(const Splat* splats, uint32_t count, float left, float top,
                                              uint16_t* list, uint32_t* masks) {
  const uint32_t lane = threadIdx.x % kWarp;
  uint32_t listed = 0;
  for (uint32_t base = 0; base < count; base += kWarp) {
    const uint32_t k = base + lane;
    const bool near = k < count && near_warp(splats[k], left, top);
    const unsigned which = __ballot_sync(kFullWarp, near);
    if (near) list[listed + uint32_t(__popc(which & ((1u << lane) - 1u)))] = uint16_t(k * sizeof(Splat));
    listed += uint32_t(__popc(which));
    if (masks != nullptr && lane == 0) masks[base / kWarp * kTileWarps] = which;
  }
  if (lane < kRound) list[listed + lane] = uint16_t(kTilePixels * sizeof(Splat));
  __syncwarp();
  return listed;
}

template <bool kDepth>
__global__ void __launch_bounds__(kTilePixels, kBlendBlocks) blend_kernel(BlendArgs a) {
  if (a.counts->overflow != 0) return;
  const int tile = int(blockIdx.x), thread = int(threadIdx.x), warp = thread / kWarp, lane = thread % kWarp;
  const int2 offset = tile_pixel(thread);
  const int tile_x = tile % a.tiles_x * kTile, tile_y = tile / a.tiles_x * kTile;
  const int x = tile_x + offset.x, y = tile_y + offset.y;
  const bool inside = x < a.width && y < a.height;
  static_assert(kSegment == kTilePixels, "checkpoints are between the batches");
  const float pixel_x = float(x) + 0.5f, pixel_y = float(y) + 0.5f;
  // Centre of the warp's first pixel.
  const float left = float(tile_x + offset.x - lane % kSubTileWidth) + 0.5f;
  const float top = float(tile_y + offset.y - lane / kSubTileWidth) + 0.5f;

  const uint2 range = a.tile_ranges[tile];
  const uint32_t instances = range.y - range.x, first_segment = tile == 0 ? 0 : a.tile_segments[tile - 1];
  for (uint32_t s = first_segment + uint32_t(thread); s < a.tile_segments[tile]; s += kTilePixels)
    a.segment_tiles[s] = uint32_t(tile);

  __shared__ Splat staged[kTilePixels + 1];  // the last one touches nothing
  __shared__ alignas(2 * kRound) uint16_t near_splats[kTileWarps][kTilePixels + kRound];
  __shared__ uint32_t tile_last;
  if (thread == 0) {
    tile_last = 0;
    staged[kTilePixels] = {};
    staged[kTilePixels].log_opacity = -1000.f;
  }

  float T = 1.f, color[3] = {0.f, 0.f, 0.f}, depth = 0.f;
  uint32_t last = 0;  // instances up to the last one of which the warp knows that a pixel may blend it
  float through = inside ? 1.f : 0.f;
  const auto gaussian_of = [&](uint32_t place) { return place < instances ? a.instances[range.x + place].y : 0; };
  uint32_t gaussian = gaussian_of(uint32_t(thread));
  for (uint32_t batch = 0; batch < instances; batch += kTilePixels) {
    if (__syncthreads_and(through < core::kMinTransmittance)) break;
    if (batch != 0 && a.checkpoints != nullptr)  // tile + 1 earlier segments are the first of their tile, without one
      a.checkpoints[size_t(first_segment + batch / kSegment - uint32_t(tile) - 1) * kTilePixels + uint32_t(thread)] =
          make_float4(color[0], color[1], color[2], through);
    if (batch + uint32_t(thread) < instances) staged[thread] = a.splats[gaussian];
    gaussian = gaussian_of(batch + kTilePixels + uint32_t(thread));  // prefetched while this batch is blended
    __syncthreads();
    const uint32_t batch_end = min(instances - batch, uint32_t(kTilePixels));
    uint16_t* const list = near_splats[warp];
    uint32_t* const masks = a.near == nullptr ? nullptr : a.near[first_segment + batch / kSegment].warps[0] + warp;
    const uint32_t listed = list_near(staged, batch_end, left, top, list, masks);
    uint32_t first = 0;
    for (; first < listed; first += kRound) {
      if (__all_sync(kFullWarp, through < core::kMinTransmittance)) break;
      const uint2 places = *reinterpret_cast<const uint2*>(list + first);
      const auto place = [&](uint32_t n) { return (n < 2 ? places.x : places.y) >> 16 * (n % 2) & 0xffffu; };
      const auto splat = [&](uint32_t n) -> const Splat& {
        return *reinterpret_cast<const Splat*>(reinterpret_cast<const char*>(staged) + place(n));
      };
      // Opacities first: they do not depend on the chain of transmittances.
      float alphas[kRound];
#pragma unroll
      for (uint32_t n = 0; n < kRound; ++n) {
        const Fragment f = fragment(splat(n), pixel_x, pixel_y);
        alphas[n] = f.touches ? f.alpha : 0.f;
      }
      // Without branches: in most rounds some pixel of the warp blends the splat.
#pragma unroll
      for (uint32_t n = 0; n < kRound; ++n) {
        const Splat& s = splat(n);
        const float weight = alphas[n] * through;
        if (!let_through(alphas[n], through)) continue;
        for (int c = 0; c < 3; ++c) color[c] = fmaf(weight, s.rgb[c], color[c]);
        if (kDepth) depth = fmaf(weight, s.depth, depth);
        T = through;
      }
    }
    if (first != 0) last = batch + list[min(first, listed) - 1] / uint32_t(sizeof(Splat)) + 1;
  }
  if (inside) {
    const size_t plane = size_t(a.width) * size_t(a.height), at = size_t(y) * size_t(a.width) + size_t(x);
    for (int c = 0; c < 3; ++c) a.image[size_t(c) * plane + at] = fmaf(T, a.background[c], color[c]);
    a.transmittance[at] = T;
    if (kDepth) a.depth[at] = depth;
  }
  __syncthreads();
  if (lane == 0) {
    a.warp_last[tile * kTileWarps + warp] = last;
    atomicMax(&tile_last, last);
  }
  __syncthreads();
  if (thread == 0) a.tile_last[tile] = tile_last;
}

}  // namespace tame::gpu
