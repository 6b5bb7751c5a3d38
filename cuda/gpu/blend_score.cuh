// The forward's contributions once more, for the score: a warp a bucket, a lane a splat, pixels streaming through as in
// blend_backward.cuh, each with its transmittance alone.
#pragma once

#include "fragment.cuh"

namespace tame::gpu {

__global__ void __launch_bounds__(kBackwardWarps* kWarp) blend_score_kernel(BlendArgs a) {
  if (a.counts->overflow != 0) return;
  const BucketWork work = bucket_work(a);
  if (!work.exists) return;
  const int lane = work.lane, warp = work.warp;
  const uint32_t bucket = work.bucket, first = work.first, index = work.index;
  InstanceScore sum = {};
  if (first >= a.tile_last[work.tile]) {
    if (work.owns) a.scores[work.slot] = sum;
    return;
  }
  Splat s = {};
  if (work.owns) s = a.splats[a.slot_gaussians[work.slot]];

  constexpr int kRing = 2 * kPixelChunk;
  __shared__ float ring_weight[kBackwardWarps][kRing];
  __shared__ uint32_t ring_last[kBackwardWarps][kRing];
  __shared__ float ring_T[kBackwardWarps][kPixelChunk];
  const int tile_x = work.tile_x, tile_y = work.tile_y;
  float T = 0.f;
  for (int i = 0; i < kTilePixels + kWarp - 1; ++i) {
    if (i % kPixelChunk == 0 && i < kTilePixels) {
      const int pixel = i + lane;
      const int2 offset = tile_pixel(pixel);
      const int x = tile_x + offset.x, y = tile_y + offset.y;
      float weight = 0.f, start_T = 0.f;
      uint32_t last = 0;
      if (x < a.width && y < a.height) {
        const size_t at = size_t(y) * size_t(a.width) + size_t(x);
        last = a.last[at];
        weight = a.pixel_weights[at];
        start_T = first != 0 && last > first ? a.checkpoints[size_t(bucket) * kTilePixels + size_t(pixel)].w : 1.f;
      }
      __syncwarp();
      ring_weight[warp][pixel % kRing] = weight;
      ring_last[warp][pixel % kRing] = last;
      ring_T[warp][lane] = start_T;
      __syncwarp();
    }
    T = __shfl_up_sync(kFullWarp, T, 1);
    if (lane == 0 && i < kTilePixels) T = ring_T[warp][i % kPixelChunk];
    const int pixel = i - lane;
    if (pixel < 0 || pixel >= kTilePixels || !work.owns) continue;
    if (index >= ring_last[warp][pixel % kRing]) continue;
    const int2 offset = tile_pixel(pixel);
    const Fragment f = fragment(s, float(tile_x + offset.x) + 0.5f, float(tile_y + offset.y) + 0.5f);
    if (!f.touches) continue;
    sum.loss += ring_weight[warp][pixel % kRing];
    sum.count += 1.f;
    sum.blend = fmaf(f.alpha, T, sum.blend);
    sum.distance += sqrtf(fmaf(f.dx, f.dx, f.dy * f.dy));
    T *= 1.f - f.alpha;
  }
  if (work.owns) a.scores[work.slot] = sum;
}

}  // namespace tame::gpu
