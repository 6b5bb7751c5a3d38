// Gaussians to splats, and the tiles each one reaches.
#pragma once

#include "../core/sh.h"
#include "gaussian.cuh"
#include "tile_test.cuh"

namespace tame::gpu {

// The tiles of `bounds` that the bounding box of {alpha >= 1/255} overlaps; none if the opacity is lower.
__device__ __forceinline__ TileRectangle reachable(const core::Footprint<float>& f, float cut,
                                                   const TileRectangle& bounds) {
  if (!(cut >= 0.f)) return {};
  const float stretch = f.conic[0] * f.variance[0];
  return core::tiles_in_reach(f.mean[0], f.mean[1], core::reach(cut, f.variance[0], stretch),
                              core::reach(cut, f.variance[1], stretch), bounds);
}

// Counts a splat for a tile that it reaches. Integer sums do not depend on their order.
struct CountTile {
  uint32_t* tile_sizes;
  __device__ uint32_t operator()(uint32_t tile) const {
    atomicAdd(&tile_sizes[tile], 1u);
    return 0;
  }
};

// Which of at most 32 tiles this lane's splat reaches. All lanes must call it: the whole warp tests splats with more
// tiles than a lane should test alone.
__device__ __forceinline__ uint32_t find_tiles(const TileTest& test, int area, const ProjectArgs& a) {
  const CountTile count = {a.tile_sizes};
  uint32_t mask = 0;
  if (area <= kSmallRectangle)
    for (int index = 0; index < area; ++index) {
      if (!test.reaches(index)) continue;
      mask |= 1u << index;
      count(test.tile(index, a.tiles_x));
    }
  for (unsigned todo = __ballot_sync(kFullWarp, area > kSmallRectangle); todo != 0; todo &= todo - 1) {
    const int owner = __ffs(int(todo)) - 1;
    uint32_t round = 0;
    const TileTest theirs = from_lane(test, owner);
    for_tiles_of(theirs, 0, theirs.area(), a.tiles_x, round, count, [](uint32_t, uint32_t) {});
    if (int(threadIdx.x) % kWarp == owner) mask = round;
  }
  return mask;
}

__global__ void __launch_bounds__(kGaussianThreads, kProjectBlocks) project_kernel(ProjectArgs a) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  const bool active = i < a.count;
  Loaded g = {};
  core::Footprint<float> f = {};
  bool visible = false;
  TileTest test = {};
  if (active) {
    g = load_gaussian(a.parameters, a.layout, i);
    f = core::project(a.camera, g.mean, g.scale, g.quat);
    g.opacity *= f.factor;
    if (f.radius > 0.f && g.opacity == g.opacity) {
      test = {f.mean[0],
              f.mean[1],
              core::kLog2E * f.conic[0],
              core::kLog2E * f.conic[1],
              core::kLog2E * f.conic[2],
              log2f(255.f * g.opacity),
              {}};
      const TileRectangle bounds =
          core::coverage_bounds(a.camera.coverage, f.mean[0], f.mean[1], f.radius, a.tiles_x, a.tiles_y);
      visible = !core::empty(bounds);
      if (visible) test.span = reachable(f, test.cut / core::kLog2E, bounds);
    }
  }
  // Without the rectangle a Gaussian is visible if it reaches a tile. With it one that reaches none is visible as well,
  // also if that is for a NaN in its colour; NaN elsewhere makes it invisible.
  const bool by_alpha = a.camera.coverage == TAME_COVERAGE_ALPHA;
  if (by_alpha && core::empty(test.span)) visible = false;
  float rgb[3] = {};
  if (visible) {
    const core::ViewDirection<float> direction = core::view_direction<float>(a.camera.center, g.mean);
    core::sh_color(a.active_degree, direction.d, LoadSh{a.parameters, i}, rgb);
  }
  if (!core::drawable(rgb)) test.span = {};
  int area = visible ? test.area() : 0;
  const bool large = area > kWarp;
  if (large) {
    a.large[atomicAdd(a.large_count, 1u)] = i;
    area = 0;
  }
  const uint32_t mask = find_tiles(test, area, a), tiles = uint32_t(__popc(mask));
  uint32_t warp_tiles = tiles;
  for (int step = kWarp / 2; step > 0; step /= 2) warp_tiles += __shfl_down_sync(kFullWarp, warp_tiles, step);
  if (threadIdx.x % kWarp == 0 && warp_tiles != 0) atomicAdd(&a.block_sizes[blockIdx.x], warp_tiles);
  if (!active) return;
  if (by_alpha && !large && tiles == 0) visible = false;

  a.radii[i] = visible ? f.radius : 0.f;
  a.tile_counts[i] = tiles;
  a.tile_rectangles[i] = test.span;
  a.tile_masks[i] = mask;
  if (!visible) return;

  Splat s;
  s.x = f.mean[0];
  s.y = f.mean[1];
  s.a = 0.5f * test.A;
  s.b = test.B;
  s.c = 0.5f * test.C;
  s.log_opacity = log2f(g.opacity);
  s.cut = test.cut;
  s.clamped = 0;
  for (int c = 0; c < 3; ++c) {
    if (rgb[c] < 0.f) s.clamped |= 1u << c;
    s.rgb[c] = core::maximum(rgb[c], 0.f);
  }
  s.depth = f.depth;
  a.splats[i] = s;
}

// Counts the tiles of large splats, one block each: a splat may reach every tile.
__global__ void __launch_bounds__(kGaussianThreads) count_large_kernel(ProjectArgs a) {
  const int part = int(threadIdx.x) / kWarp;
  for (uint32_t k = blockIdx.x; k < *a.large_count; k += gridDim.x) {
    const uint32_t i = a.large[k];
    const TileTest test = test_of(a.splats[i], a.tile_rectangles[i]);
    uint32_t first_round;
    const uint32_t tiles = for_tiles_of(test, part_begin(test, part), part_begin(test, part + 1), a.tiles_x,
                                        first_round, CountTile{a.tile_sizes}, [](uint32_t, uint32_t) {});
    if (__syncthreads_or(int(tiles)) == 0 && a.camera.coverage == TAME_COVERAGE_ALPHA && threadIdx.x == 0)
      a.radii[i] = 0.f;
    if (threadIdx.x % kWarp != 0) continue;
    atomicAdd(&a.tile_counts[i], tiles);
    atomicAdd(&a.block_sizes[i / kGaussianThreads], tiles);
  }
}

}  // namespace tame::gpu
