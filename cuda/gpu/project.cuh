// Gaussians to splats, the tiles each one reaches, and instances in depth order.
#pragma once

#include "../core/sh.h"
#include "gaussian.cuh"

namespace tame::gpu {

struct TileTest {
  float x, y, A, B, C, cut;
  core::TileRectangle r;
  __device__ int area() const { return (r.x1 - r.x0) * (r.y1 - r.y0); }
  __device__ bool reaches(int index, int tiles_x, uint32_t& tile) const {
    const int across = r.x1 - r.x0, tx = r.x0 + index % across, ty = r.y0 + index / across;
    tile = uint32_t(ty * tiles_x + tx);
    return core::reaches_tile(x, y, A, B, C, cut, tx, ty);
  }
};

// Calls take(k, tile) for the k-th tile that this lane's splat reaches, row by row, and returns how many there are.
// Counting and writing both go through here, and reaches_tile leaves the compiler no product and sum to fuse in one of
// them only, so that the two always agree. All lanes of a warp must call it: a large
// rectangle is tested by the whole warp, 32 tiles a round, and take then runs on other lanes, with the owner's context.
template <class Context, class Take>
__device__ __forceinline__ uint32_t for_tiles(const TileTest& test, bool active, int tiles_x, const Context& context,
                                              const Take& take) {
  const int area = active && test.cut >= 0.f ? test.area() : 0;
  uint32_t found = 0;
  if (area <= kSmallRectangle)
    for (int index = 0; index < area; ++index) {
      uint32_t tile;
      if (test.reaches(index, tiles_x, tile)) take(context, found++, tile);
    }
  const int lane = int(threadIdx.x) % kWarp;
  for (unsigned large = __ballot_sync(kFullWarp, area > kSmallRectangle); large != 0; large &= large - 1) {
    const int owner = __ffs(int(large)) - 1;
    TileTest theirs;
    theirs.x = __shfl_sync(kFullWarp, test.x, owner);
    theirs.y = __shfl_sync(kFullWarp, test.y, owner);
    theirs.A = __shfl_sync(kFullWarp, test.A, owner);
    theirs.B = __shfl_sync(kFullWarp, test.B, owner);
    theirs.C = __shfl_sync(kFullWarp, test.C, owner);
    theirs.cut = __shfl_sync(kFullWarp, test.cut, owner);
    theirs.r.x0 = __shfl_sync(kFullWarp, test.r.x0, owner);
    theirs.r.y0 = __shfl_sync(kFullWarp, test.r.y0, owner);
    theirs.r.x1 = __shfl_sync(kFullWarp, test.r.x1, owner);
    theirs.r.y1 = __shfl_sync(kFullWarp, test.r.y1, owner);
    const Context their_context = context.from_lane(owner);
    const int their_area = theirs.area();
    uint32_t their_found = 0;
    for (int base = 0; base < their_area; base += kWarp) {
      uint32_t tile = 0;
      const bool reached = base + lane < their_area && theirs.reaches(base + lane, tiles_x, tile);
      const unsigned mask = __ballot_sync(kFullWarp, reached);
      if (reached) take(their_context, their_found + uint32_t(__popc(mask & ((1u << lane) - 1u))), tile);
      their_found += uint32_t(__popc(mask));
    }
    if (lane == owner) found = their_found;
  }
  return found;
}

struct NoContext {
  __device__ NoContext from_lane(int) const { return {}; }
};

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
    if (f.radius > 0.f && g.opacity == g.opacity) {
      test = {f.mean[0],
              f.mean[1],
              f.conic[0],
              f.conic[1],
              f.conic[2],
              core::cut_power(g.opacity),
              core::tile_rectangle(f.mean[0], f.mean[1], f.radius, a.tiles_x, a.tiles_y)};
      visible = !core::empty(test.r);
    }
  }
  // A Gaussian with a NaN in its colour is visible but reaches no tile; NaN elsewhere makes it invisible.
  float rgb[3] = {};
  if (visible) {
    const core::ViewDirection<float> direction = core::view_direction<float>(a.camera.center, g.mean);
    core::sh_color(a.active_degree, direction.d, LoadSh{a.parameters, i}, rgb);
  }
  const uint32_t tiles = for_tiles(test, visible && core::drawable(rgb), a.tiles_x, NoContext{},
                                   [](const NoContext&, uint32_t, uint32_t) {});

  // Integer sums do not depend on their order.
  uint32_t warp_tiles = tiles;
  for (int step = kWarp / 2; step > 0; step /= 2) warp_tiles += __shfl_down_sync(kFullWarp, warp_tiles, step);
  if (threadIdx.x % kWarp == 0 && warp_tiles != 0)
    atomicAdd(&a.counts->instances, static_cast<unsigned long long>(warp_tiles));
  if (!active) return;

  a.radii[i] = visible ? f.radius : 0.f;
  a.tile_counts[i] = tiles;
  a.depth_keys[i] = tiles != 0 ? __float_as_uint(f.depth) : kUnseen;
  a.gaussians[i] = i;
  if (!visible) return;

  Splat s;
  s.x = f.mean[0];
  s.y = f.mean[1];
  s.A = f.conic[0];
  s.B = f.conic[1];
  s.C = f.conic[2];
  s.opacity = g.opacity;
  s.cut = test.cut;
  s.radius = f.radius;
  uint32_t clamped = 0;
  for (int c = 0; c < 3; ++c) {
    if (rgb[c] < 0.f) clamped |= 1u << c;
    s.rgb[c] = core::maximum(rgb[c], 0.f);
  }
  s.depth = f.depth;
  a.splats[i] = s;
  a.clamped[i] = uint8_t(clamped);
}

template <class Key>
struct EmitContext {
  Key* keys;
  uint32_t* slots;
  uint32_t* slot_gaussians;
  uint32_t first, gaussian;
  __device__ EmitContext from_lane(int lane) const {
    EmitContext theirs = *this;
    theirs.first = __shfl_sync(kFullWarp, first, lane);
    theirs.gaussian = __shfl_sync(kFullWarp, gaussian, lane);
    return theirs;
  }
};

template <class Key>
__global__ void __launch_bounds__(kGaussianThreads) emit_kernel(EmitArgs a) {
  if (a.projection.counts->overflow != 0) return;
  const uint32_t j = blockIdx.x * blockDim.x + threadIdx.x;
  EmitContext<Key> context = {static_cast<Key*>(a.keys), a.slots, a.slot_gaussians, 0, 0};
  TileTest test = {};
  bool active = false;
  if (j < a.projection.count) {
    const uint32_t i = a.depth_order[j], tiles = a.projection.tile_counts[i];
    context.gaussian = i;
    context.first = a.ends[j] - tiles;
    a.offsets[i] = context.first;
    active = tiles != 0;
    if (active) {
      const Splat& s = a.projection.splats[i];
      test = {s.x,
              s.y,
              s.A,
              s.B,
              s.C,
              s.cut,
              core::tile_rectangle(s.x, s.y, s.radius, a.projection.tiles_x, a.projection.tiles_y)};
    }
  }
  for_tiles(test, active, a.projection.tiles_x, context, [](const EmitContext<Key>& c, uint32_t k, uint32_t tile) {
    const uint32_t slot = c.first + k;
    c.keys[slot] = Key(tile);
    c.slots[slot] = slot;
    c.slot_gaussians[slot] = c.gaussian;
  });
}

// One thread: is there room for what this view needs?
__global__ void check_room_kernel(Counts* counts, unsigned long long room) {
  if (counts->instances <= room) return;
  counts->overflow = 1;
  if (counts->instances > counts->most) counts->most = counts->instances;
}

// Where each tile's run of equal keys begins and ends; tiles without instances keep the zeros they were given.
template <class Key>
__global__ void tile_ranges_kernel(const Key* keys, const Counts* counts, uint2* ranges) {
  if (counts->overflow != 0) return;
  const uint32_t j = blockIdx.x * blockDim.x + threadIdx.x, instances = uint32_t(counts->instances);
  if (j >= instances) return;
  const Key key = keys[j];
  if (j == 0 || keys[j - 1] != key) ranges[key].x = j;
  if (j + 1 == instances || keys[j + 1] != key) ranges[key].y = j + 1;
}

}  // namespace tame::gpu
