// Gaussians to splats, the tiles each one reaches, and instances in depth order. What a mask cannot hold is tested
// twice, to count and to emit, by code in which the compiler has no product and sum to fuse, so that both agree.
#pragma once

#include "../core/sh.h"
#include "gaussian.cuh"

namespace tame::gpu {

// The tiles that a splat may reach: a rectangle of them, and a test of each. A, B, C and cut: for powers of 2, as in
// Splat.
struct TileTest {
  float x, y, A, B, C, cut;
  TileSpan span;
  __device__ int area() const { return span.area(); }
  __device__ uint32_t tile(int index, int tiles_x) const {
    const int across = span.x1 - span.x0;
    return uint32_t((span.y0 + index / across) * tiles_x + span.x0 + index % across);
  }
  __device__ bool reaches(int index) const {
    const int across = span.x1 - span.x0;
    return core::reaches_tile(x, y, A, B, C, cut, span.x0 + index % across, span.y0 + index / across);
  }
};

// Of the tiles of one axis, those with a pixel centre within `half` of `at`, cut down to low .. high - 1.
__device__ __forceinline__ void shrink(float at, float half, int& low, int& high) {
  // A hair wider than exact, so that rounding cannot cut off a pixel that the blend would take.
  const float reach = fmaf(half, 1.0001f, 0.01f);
  low = max(low, int(core::clamp(ceilf((at - reach - (float(kTile) - 0.5f)) / float(kTile)), 0.f, float(high))));
  high = min(high, int(core::clamp(floorf((at + reach - 0.5f) / float(kTile)) + 1.f, float(low), float(high))));
}

// The part of a splat's rectangle where the box around {alpha >= 1/255} lies; no tiles where opacity never reaches
// that.
__device__ __forceinline__ TileSpan reachable(core::TileRectangle r, const float mean[2], const float variance[2],
                                              float cut) {
  if (!(cut >= 0.f)) return {};
  shrink(mean[0], sqrtf(2.f * cut * variance[0]), r.x0, r.x1);
  shrink(mean[1], sqrtf(2.f * cut * variance[1]), r.y0, r.y1);
  return {uint16_t(r.x0), uint16_t(r.y0), uint16_t(r.x1), uint16_t(r.y1)};
}

// Calls take(k, tile) for the k-th tile that a splat reaches, row by row, 32 tiles a round; returns how many there are.
// Called by a whole warp for one splat; take runs on any lane. first_round: which of the first 32 tiles.
template <class Take>
__device__ __forceinline__ uint32_t for_tiles_of(const TileTest& test, int tiles_x, const Take& take,
                                                 uint32_t& first_round) {
  const int lane = int(threadIdx.x) % kWarp, area = test.area();
  uint32_t found = 0;
  constexpr int kRounds = 4;  // under way together
  for (int base = 0; base < area; base += kRounds * kWarp) {
    bool reached[kRounds];
#pragma unroll
    for (int r = 0; r < kRounds; ++r) {
      const int index = base + r * kWarp + lane;
      reached[r] = index < area && test.reaches(index);
    }
#pragma unroll
    for (int r = 0; r < kRounds; ++r) {
      const unsigned round = __ballot_sync(kFullWarp, reached[r]);
      if (reached[r])
        take(found + uint32_t(__popc(round & ((1u << lane) - 1u))), test.tile(base + r * kWarp + lane, tiles_x));
      found += uint32_t(__popc(round));
      if (base == 0 && r == 0) first_round = round;
    }
  }
  return found;
}

__device__ __forceinline__ TileTest from_lane(const TileTest& test, int lane) {
  TileTest theirs;
  theirs.x = __shfl_sync(kFullWarp, test.x, lane);
  theirs.y = __shfl_sync(kFullWarp, test.y, lane);
  theirs.A = __shfl_sync(kFullWarp, test.A, lane);
  theirs.B = __shfl_sync(kFullWarp, test.B, lane);
  theirs.C = __shfl_sync(kFullWarp, test.C, lane);
  theirs.cut = __shfl_sync(kFullWarp, test.cut, lane);
  theirs.span.x0 = __shfl_sync(kFullWarp, test.span.x0, lane);
  theirs.span.y0 = __shfl_sync(kFullWarp, test.span.y0, lane);
  theirs.span.x1 = __shfl_sync(kFullWarp, test.span.x1, lane);
  theirs.span.y1 = __shfl_sync(kFullWarp, test.span.y1, lane);
  return theirs;
}

// How many tiles this lane's splat reaches, and which of the first 32. All lanes must call it: splats of more tiles
// than a lane should test alone are tested by the whole warp.
__device__ __forceinline__ uint32_t count_tiles(const TileTest& test, int area, int tiles_x, uint32_t& mask) {
  mask = 0;
  uint32_t tiles = 0;
  if (area <= kSmallRectangle) {
    for (int index = 0; index < area; ++index) mask |= uint32_t(test.reaches(index)) << index;
    tiles = uint32_t(__popc(mask));
  }
  for (unsigned todo = __ballot_sync(kFullWarp, area > kSmallRectangle); todo != 0; todo &= todo - 1) {
    const int owner = __ffs(int(todo)) - 1;
    uint32_t first_round = 0;
    const uint32_t found = for_tiles_of(
        from_lane(test, owner), tiles_x, [](uint32_t, uint32_t) {}, first_round);
    if (int(threadIdx.x) % kWarp != owner) continue;
    tiles = found;
    mask = first_round;
  }
  return tiles;
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
    if (f.radius > 0.f && g.opacity == g.opacity) {
      test = {f.mean[0],
              f.mean[1],
              core::kLog2E * f.conic[0],
              core::kLog2E * f.conic[1],
              core::kLog2E * f.conic[2],
              log2f(255.f * g.opacity),
              {}};
      const core::TileRectangle r = core::tile_rectangle(f.mean[0], f.mean[1], f.radius, a.tiles_x, a.tiles_y);
      visible = !core::empty(r);
      if (visible) test.span = reachable(r, f.mean, f.variance, test.cut / core::kLog2E);
    }
  }
  // A Gaussian with a NaN in its colour is visible but reaches no tile; NaN elsewhere makes it invisible.
  float rgb[3] = {};
  if (visible) {
    const core::ViewDirection<float> direction = core::view_direction<float>(a.camera.center, g.mean);
    core::sh_color(a.active_degree, direction.d, LoadSh{a.parameters, i}, rgb);
  }
  if (!core::drawable(rgb)) test.span = {};
  const int area = visible ? test.area() : 0;
  uint32_t mask;
  const uint32_t tiles = count_tiles(test, area, a.tiles_x, mask);

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
  a.tile_spans[i] = test.span;
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

template <class Key>
__device__ __forceinline__ void emit(const EmitArgs& a, uint32_t slot, uint32_t tile, uint32_t gaussian) {
  static_cast<Key*>(a.keys)[slot] = Key(tile);
  a.slots[slot] = slot;
  a.slot_gaussians[slot] = gaussian;
}

// Instances of the splats whose tiles the mask holds, and a list of the others, in any order.
template <class Key>
__global__ void __launch_bounds__(kGaussianThreads) emit_kernel(EmitArgs a) {
  if (a.projection.counts->overflow != 0) return;
  const uint32_t j = blockIdx.x * blockDim.x + threadIdx.x;
  if (j >= a.projection.count) return;
  const uint32_t i = a.depth_order[j], tiles = a.projection.tile_counts[i];
  uint32_t slot = a.ends[j] - tiles;
  a.offsets[i] = slot;
  if (tiles == 0) return;
  TileTest test = {};
  test.span = a.projection.tile_spans[i];
  if (test.area() > kWarp) {
    a.large[atomicAdd(&a.projection.counts->large, 1u)] = i;
    return;
  }
  for (uint32_t mask = a.projection.tile_masks[i]; mask != 0; mask &= mask - 1)
    emit<Key>(a, slot++, test.tile(__ffs(int(mask)) - 1, a.projection.tiles_x), i);
}

// A warp a large splat: one may reach every tile.
template <class Key>
__global__ void __launch_bounds__(kGaussianThreads) emit_large_kernel(EmitArgs a) {
  if (a.projection.counts->overflow != 0) return;
  const uint32_t warps = gridDim.x * blockDim.x / kWarp;
  for (uint32_t k = (blockIdx.x * blockDim.x + threadIdx.x) / kWarp; k < a.projection.counts->large; k += warps) {
    const uint32_t i = a.large[k], first = a.offsets[i];
    const Splat& s = a.projection.splats[i];
    const TileTest test = {s.x, s.y, 2.f * s.a, s.b, 2.f * s.c, s.cut, a.projection.tile_spans[i]};
    uint32_t first_round;
    for_tiles_of(
        test, a.projection.tiles_x, [&](uint32_t n, uint32_t tile) { emit<Key>(a, first + n, tile, i); }, first_round);
  }
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
