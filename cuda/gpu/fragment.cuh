// A splat at a pixel: what the forward and the backward blend share.
#pragma once

#include "kernels.h"

namespace tame::gpu {

// Pixel `index` of a tile, in the order of the forward's threads: warps own kSubTileWidth x kSubTileHeight blocks.
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

}  // namespace tame::gpu
