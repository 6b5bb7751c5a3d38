// From splats to each tile's instances, front to back: where each tile's run begins, the instances in any order within
// their run, then the order (tile_sort.cuh).
#pragma once

#include <cub/block/block_scan.cuh>

#include "tile_sort.cuh"
#include "tile_test.cuh"

namespace tame::gpu {

struct TileSums {
  unsigned long long instances;
  uint32_t segments;
};
struct AddTileSums {
  __device__ TileSums operator()(const TileSums& a, const TileSums& b) const {
    return {a.instances + b.instances, a.segments + b.segments};
  }
};

// One block: each tile's run of instances, its segments, and whether there is room for this view at all.
__global__ void __launch_bounds__(kScanThreads) scan_tiles_kernel(BinArgs a) {
  const uint32_t share = (a.tiles + kScanThreads - 1) / kScanThreads;
  const uint32_t first = min(threadIdx.x * share, a.tiles), last = min(first + share, a.tiles);
  const auto sums_of = [&](uint32_t tile) {
    const uint32_t instances = a.tile_cursors[tile];
    return TileSums{instances, max(1u, (instances + kSegment - 1) / kSegment)};
  };
  const AddTileSums add;
  TileSums before = {};
  for (uint32_t tile = first; tile < last; ++tile) before = add(before, sums_of(tile));
  TileSums all;
  using Scan = cub::BlockScan<TileSums, kScanThreads, cub::BLOCK_SCAN_WARP_SCANS>;
  __shared__ typename Scan::TempStorage memory;
  Scan(memory).ExclusiveScan(before, before, TileSums{}, add, all);
  for (uint32_t tile = first; tile < last; ++tile) {
    const TileSums after = add(before, sums_of(tile));
    a.tile_ranges[tile] = make_uint2(uint32_t(before.instances), uint32_t(after.instances));
    a.tile_segments[tile] = after.segments;
    a.tile_cursors[tile] = uint32_t(before.instances);
    before = after;
  }
  if (threadIdx.x != 0) return;
  Counts& counts = *a.projection.counts;
  counts.instances = all.instances;
  counts.large = 0;
  if (all.instances <= a.room) return;
  counts.overflow = 1;
  if (all.instances > counts.most) counts.most = all.instances;
}

// Slot `slot` is tile `tile`'s instance of Gaussian i, at a place of the tile's run.
__device__ __forceinline__ void emit(const BinArgs& a, uint32_t place, uint32_t slot, uint32_t depth, uint32_t i) {
  a.instances[place] = uint64_t(depth) << 32 | slot;
  a.slot_gaussians[slot] = i;
}

// Instances of the splats whose tiles the mask holds, and a list of the others, in any order.
__global__ void __launch_bounds__(kGaussianThreads) emit_kernel(BinArgs a) {
  if (a.projection.counts->overflow != 0) return;
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= a.projection.count || a.projection.tile_counts[i] == 0) return;
  TileTest test = {};
  test.span = a.projection.tile_spans[i];
  if (test.area() > kWarp) {
    a.large[atomicAdd(&a.projection.counts->large, 1u)] = i;
    return;
  }
  const uint32_t depth = __float_as_uint(a.projection.splats[i].depth);
  uint32_t slot = a.offsets[i];
  constexpr int kTogether = 4;  // requests for a place that are under way at a time
  for (uint32_t mask = a.projection.tile_masks[i]; mask != 0;) {
    uint32_t places[kTogether];
    int found = 0;
#pragma unroll
    for (int k = 0; k < kTogether; ++k) {
      if (mask == 0) continue;
      places[k] = atomicAdd(&a.tile_cursors[test.tile(__ffs(int(mask)) - 1, a.projection.tiles_x)], 1u);
      mask &= mask - 1;
      ++found;
    }
#pragma unroll
    for (int k = 0; k < kTogether; ++k)
      if (k < found) emit(a, places[k], slot++, depth, i);
  }
}

// A warp a large splat: one may reach every tile.
__global__ void __launch_bounds__(kGaussianThreads) emit_large_kernel(BinArgs a) {
  if (a.projection.counts->overflow != 0) return;
  const uint32_t warps = gridDim.x * blockDim.x / kWarp;
  for (uint32_t k = (blockIdx.x * blockDim.x + threadIdx.x) / kWarp; k < a.projection.counts->large; k += warps) {
    const uint32_t i = a.large[k], first = a.offsets[i];
    const Splat& s = a.projection.splats[i];
    const uint32_t depth = __float_as_uint(s.depth);
    const TileTest test = {s.x, s.y, 2.f * s.a, s.b, 2.f * s.c, s.cut, a.projection.tile_spans[i]};
    uint32_t first_round;
    for_tiles_of(
        test, a.projection.tiles_x,
        [&](uint32_t n, uint32_t tile) { emit(a, atomicAdd(&a.tile_cursors[tile], 1u), first + n, depth, i); },
        first_round);
  }
}

// A block a tile. Equal depths keep the order of the Gaussians, which is that of their slots.
__global__ void __launch_bounds__(kSortThreads) sort_tiles_kernel(BinArgs a) {
  if (a.projection.counts->overflow != 0) return;
  __shared__ uint64_t chunk[kSortChunk];
  const uint2 range = a.tile_ranges[blockIdx.x];
  sort_entries(a.instances + range.x, range.y - range.x, chunk,
               [&](uint64_t entry) { return uint64_t(a.slot_gaussians[uint32_t(entry)]) << 32 | uint32_t(entry); });
}

}  // namespace tame::gpu
