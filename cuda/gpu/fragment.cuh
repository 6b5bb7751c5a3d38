// A splat at a pixel, and at a warp's pixels: what the forward blend and its replays share.
#pragma once

#include "kernels.h"

namespace tame::gpu {

// Pixel `index` of a tile, in the order of a block's threads: warps own kSubTileWidth x kSubTileHeight blocks.
__device__ __forceinline__ int2 tile_pixel(int index) {
  constexpr int kAcross = kTile / kSubTileWidth;
  const int warp = index / kWarp, lane = index % kWarp;
  return make_int2(warp % kAcross * kSubTileWidth + lane % kSubTileWidth,
                   warp / kAcross * kSubTileHeight + lane / kSubTileWidth);
}

// What a splat does to a pixel of transmittance T.
struct Fragment {
  float dx, dy;
  float raw, alpha;  // opacity exp(-E), before and after the cap
  bool touches;      // alpha reaches 1/255
};

__device__ __forceinline__ Fragment fragment(const Splat& s, float pixel_x, float pixel_y) {
  Fragment f;
  f.dx = s.x - pixel_x;
  f.dy = s.y - pixel_y;
  const float power = core::quadratic(s.A, s.B, s.C, f.dx, f.dy);
  f.raw = s.opacity * __expf(-power);
  f.alpha = fminf(f.raw, core::kMaxAlpha);
  f.touches = power >= 0.f && f.alpha >= core::kMinAlpha;
  return f;
}

// Whether the splat can touch a warp's pixels, of which the first has its centre at (left, top). The smallest exponent
// as core::smallest_quadratic has it, with the two divisions approximate, since near a minimum it hardly moves; and
// with room for rounding, so that no fragment which the blend would take is lost.
__device__ __forceinline__ bool near_warp(const Splat& s, float left, float top) {
  const float x_low = left - s.x, x_high = x_low + float(kSubTileWidth - 1);
  const float y_low = top - s.y, y_high = y_low + float(kSubTileHeight - 1);
  const float nearest_x = core::clamp(0.f, x_low, x_high), nearest_y = core::clamp(0.f, y_low, y_high);
  const float along_y = core::clamp(-__fdividef(s.B * nearest_x, s.C), y_low, y_high);
  const float along_x = core::clamp(-__fdividef(s.B * nearest_y, s.A), x_low, x_high);
  const float smallest =
      fminf(core::quadratic(s.A, s.B, s.C, nearest_x, along_y), core::quadratic(s.A, s.B, s.C, along_x, nearest_y));
  const float far_x = fmaxf(-x_low, x_high), far_y = fmaxf(-y_low, y_high);
  const float rounding = 1e-6f * fmaf(s.A * far_x, far_x, s.C * far_y * far_y);
  return smallest <= s.cut + 1e-3f + rounding;
}

}  // namespace tame::gpu
