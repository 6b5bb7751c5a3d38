// A splat at a pixel, and at a warp's pixels: shared by the forward blend and its replays.
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

// A splat at a pixel of transmittance T.
struct Fragment {
  float dx, dy;
  float raw, alpha;  // opacity 2^-E, before and after the clamp
  bool touches;      // alpha reaches 1/255
};

// 2^x to about 2 units in the last place; results below 2^-126 are 0.
__device__ __forceinline__ float exp2_approximate(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// 1 / x to 1 unit in the last place, for normal x.
__device__ __forceinline__ float reciprocal_approximate(float x) {
  float y;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

__device__ __forceinline__ Fragment fragment(const Splat& s, float pixel_x, float pixel_y) {
  Fragment f;
  f.dx = s.x - pixel_x;
  f.dy = s.y - pixel_y;
  const float power = fmaf(f.dx, fmaf(s.a, f.dx, s.b * f.dy), s.c * f.dy * f.dy);
  f.raw = exp2_approximate(s.log_opacity - power);
  f.alpha = fminf(f.raw, core::kMaxAlpha);
  f.touches = power >= 0.f && f.raw >= core::kMinAlpha;
  return f;
}

// What is let through behind a splat, whether it is blended, which it is if that is enough. Once below the minimum it
// stays there, and nothing more is blended.
__device__ __forceinline__ bool let_through(float alpha, float& through) {
  through *= 1.f - alpha;
  return through >= core::kMinTransmittance;
}

// Whether the splat can touch a warp's pixels; (left, top): the centre of the first. Computes the smallest exponent as
// core::smallest_quadratic, with two approximate divisions, because the exponent is flat near its minimum, and with a
// margin for rounding, so that no fragment which the blend would take is lost.
__device__ __forceinline__ bool near_warp(const Splat& s, float left, float top) {
  const float x_low = left - s.x, x_high = x_low + float(kSubTileWidth - 1);
  const float y_low = top - s.y, y_high = y_low + float(kSubTileHeight - 1);
  const auto clamp = [](float x, float low, float high) { return fminf(fmaxf(x, low), high); };
  const float nearest_x = clamp(0.f, x_low, x_high), nearest_y = clamp(0.f, y_low, y_high);
  const float A = 2.f * s.a, C = 2.f * s.c;
  const float along_y = clamp(-s.b * nearest_x * reciprocal_approximate(C), y_low, y_high);
  const float along_x = clamp(-s.b * nearest_y * reciprocal_approximate(A), x_low, x_high);
  const float smallest =
      fminf(core::quadratic(A, s.b, C, nearest_x, along_y), core::quadratic(A, s.b, C, along_x, nearest_y));
  const float far_x = fmaxf(-x_low, x_high), far_y = fmaxf(-y_low, y_high);
  const float rounding = 1e-6f * fmaf(A * far_x, far_x, C * far_y * far_y);
  return smallest <= s.cut + 1e-3f + rounding;
}

}  // namespace tame::gpu
