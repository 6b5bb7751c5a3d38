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

// A warp's share of a pass over buckets: one bucket, a lane a splat.
struct BucketWork {
  int lane, warp;
  uint32_t bucket, tile;
  uint32_t first, index;  // in the tile's list: of the bucket, of the lane
  uint32_t slot;          // of the lane's instance
  bool exists, owns;      // the bucket; the lane an instance
  int tile_x, tile_y;     // pixels
};

__device__ __forceinline__ BucketWork bucket_work(const BlendArgs& a) {
  BucketWork w = {};
  w.lane = int(threadIdx.x) % kWarp;
  w.warp = int(threadIdx.x) / kWarp;
  w.bucket = blockIdx.x * kBackwardWarps + uint32_t(w.warp);
  w.exists = w.bucket < a.tile_buckets[a.tiles - 1];
  if (!w.exists) return w;
  w.tile = a.bucket_tiles[w.bucket];
  w.tile_x = int(w.tile) % a.tiles_x * kTile;
  w.tile_y = int(w.tile) / a.tiles_x * kTile;
  const uint2 range = a.tile_ranges[w.tile];
  w.first = (w.bucket - (w.tile == 0 ? 0 : a.tile_buckets[w.tile - 1])) * kBucket;
  w.index = w.first + uint32_t(w.lane);
  w.owns = range.x + w.index < range.y;
  if (w.owns) w.slot = a.slots[range.x + w.index];
  return w;
}

}  // namespace tame::gpu
