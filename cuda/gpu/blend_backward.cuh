// The derivative of alpha blending, from the forward's checkpoints.
#pragma once

#include "fragment.cuh"

namespace tame::gpu {

// A warp a bucket, a lane a splat (Mallick et al. 2024). The tile's pixels stream through the warp: at step i lane l
// treats pixel i - l and hands its transmittance and running sum on to lane l + 1, so that each pixel meets the 32
// splats in their order while each lane keeps its splat's gradient in registers. With g = d loss / d colour, C the
// colour in front of a splat, q = rgb . g and w = alpha T:
//   d loss / d alpha = q T + (S + w q) / (1 - alpha),   S = (C - C_final) . g - T_final (background . g - d_alpha);
// S grows by w q with each splat, so one number a pixel stands for the colour behind.
__global__ void __launch_bounds__(kBackwardWarps* kWarp) blend_backward_kernel(BlendArgs a) {
  if (a.counts->overflow != 0) return;
  const BucketWork work = bucket_work(a);
  if (!work.exists) return;
  const int lane = work.lane, warp = work.warp;
  const uint32_t bucket = work.bucket, first = work.first, index = work.index;
  InstanceGradient sum = {};
  if (first >= a.tile_last[work.tile]) {
    if (work.owns) a.gradients[work.slot] = sum;
    return;
  }
  Splat s = {};
  if (work.owns) s = a.splats[a.slot_gaussians[work.slot]];

  // Two chunks of pixels: lanes are up to 31 pixels apart.
  constexpr int kRing = 2 * kPixelChunk;
  __shared__ float ring_g[kBackwardWarps][3][kRing];
  __shared__ uint32_t ring_last[kBackwardWarps][kRing];
  __shared__ float ring_T[kBackwardWarps][kPixelChunk], ring_S[kBackwardWarps][kPixelChunk];

  const int tile_x = work.tile_x, tile_y = work.tile_y;
  const size_t plane = size_t(a.width) * size_t(a.height);
  float T = 0.f, S = 0.f;
  for (int i = 0; i < kTilePixels + kWarp - 1; ++i) {
    if (i % kPixelChunk == 0 && i < kTilePixels) {
      const int pixel = i + lane;
      const int2 offset = tile_pixel(pixel);
      const int x = tile_x + offset.x, y = tile_y + offset.y;
      float g[3] = {0.f, 0.f, 0.f}, start_T = 0.f, start_S = 0.f;
      uint32_t last = 0;
      if (x < a.width && y < a.height) {
        const size_t at = size_t(y) * size_t(a.width) + size_t(x);
        last = a.last[at];
        float4 before = make_float4(0.f, 0.f, 0.f, 1.f);
        if (first != 0 && last > first) before = a.checkpoints[size_t(bucket) * kTilePixels + size_t(pixel)];
        const float so_far[3] = {before.x, before.y, before.z};
        start_T = before.w;
        start_S = a.d_alpha != nullptr ? a.transmittance[at] * a.d_alpha[at] : 0.f;
        for (int c = 0; c < 3; ++c) {
          g[c] = a.d_image[size_t(c) * plane + at];
          start_S = fmaf(so_far[c] - a.image[size_t(c) * plane + at], g[c], start_S);
        }
      }
      __syncwarp();
      const int place = pixel % kRing;
      for (int c = 0; c < 3; ++c) ring_g[warp][c][place] = g[c];
      ring_last[warp][place] = last;
      ring_T[warp][lane] = start_T;
      ring_S[warp][lane] = start_S;
      __syncwarp();
    }
    T = __shfl_up_sync(kFullWarp, T, 1);
    S = __shfl_up_sync(kFullWarp, S, 1);
    if (lane == 0 && i < kTilePixels) {
      T = ring_T[warp][i % kPixelChunk];
      S = ring_S[warp][i % kPixelChunk];
    }
    const int pixel = i - lane;
    if (pixel < 0 || pixel >= kTilePixels || !work.owns) continue;
    const int place = pixel % kRing;
    if (index >= ring_last[warp][place]) continue;
    const int2 offset = tile_pixel(pixel);
    const Fragment f = fragment(s, float(tile_x + offset.x) + 0.5f, float(tile_y + offset.y) + 0.5f);
    if (!f.touches) continue;
    const float g0 = ring_g[warp][0][place], g1 = ring_g[warp][1][place], g2 = ring_g[warp][2][place];
    const float q = fmaf(s.rgb[0], g0, fmaf(s.rgb[1], g1, s.rgb[2] * g2));
    const float weight = f.alpha * T;
    S = fmaf(weight, q, S);
    sum.rgb[0] = fmaf(weight, g0, sum.rgb[0]);
    sum.rgb[1] = fmaf(weight, g1, sum.rgb[1]);
    sum.rgb[2] = fmaf(weight, g2, sum.rgb[2]);
    if (f.raw <= core::kMaxAlpha) {  // where the cap holds, alpha does not move with the splat
      const float h = f.alpha * fmaf(q, T, S / (1.f - f.alpha));
      const float along_x = h * f.dx, along_y = h * f.dy;
      sum.h += h;
      sum.h_dx += along_x;
      sum.h_dy += along_y;
      sum.h_dxdx = fmaf(along_x, f.dx, sum.h_dxdx);
      sum.h_dxdy = fmaf(along_x, f.dy, sum.h_dxdy);
      sum.h_dydy = fmaf(along_y, f.dy, sum.h_dydy);
    }
    T *= 1.f - f.alpha;
  }
  if (work.owns) a.gradients[work.slot] = sum;
}

}  // namespace tame::gpu
