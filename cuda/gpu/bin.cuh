// From splats to each tile's instances, front to back: first the range of each tile, then the instances in any order
// within their range, then the sort (tile_sort.cuh).
#pragma once

#include <cub/block/block_scan.cuh>

#include "tile_sort.cuh"
#include "tile_test.cuh"

namespace tame::gpu {

struct TileSums {
  unsigned long long instances;
  uint32_t segments;
  __device__ TileSums operator+(const TileSums& more) const {
    return {instances + more.instances, segments + more.segments};
  }
};

// Prefix sums by one block: calls value(k) for each of `count` items, then put(k, before, after) with the exclusive and
// the inclusive sum. Returns the total.
template <class Sum, class Value, class Put>
__device__ __forceinline__ Sum scan_by_block(uint32_t count, const Value& value, const Put& put) {
  const uint32_t share = (count + kScanThreads - 1) / kScanThreads;
  const uint32_t first = min(threadIdx.x * share, count), last = min(first + share, count);
  Sum before = {};
  for (uint32_t k = first; k < last; ++k) before = before + value(k);
  Sum all;
  using Scan = cub::BlockScan<Sum, kScanThreads, cub::BLOCK_SCAN_WARP_SCANS>;
  __shared__ typename Scan::TempStorage memory;
  Scan(memory).ExclusiveScan(
      before, before, Sum{}, [](const Sum& a, const Sum& b) { return a + b; }, all);
  for (uint32_t k = first; k < last; ++k) {
    const Sum after = before + value(k);
    put(k, before, after);
    before = after;
  }
  return all;
}

// Block 0: each tile's range of instances, its segments, and whether the instances of this view exceed the capacity.
// Block 1: the first slot of each block of Gaussians.
__global__ void __launch_bounds__(kScanThreads) scan_kernel(BinArgs a) {
  if (blockIdx.x == 1) {
    uint32_t* const sizes = a.projection.block_sizes;
    scan_by_block<uint32_t>(
        a.blocks, [&](uint32_t block) { return sizes[block]; },
        [&](uint32_t block, uint32_t before, uint32_t) { sizes[block] = before; });
    return;
  }
  uint32_t* const sizes = a.projection.tile_sizes;
  const TileSums all = scan_by_block<TileSums>(
      a.tiles,
      [&](uint32_t tile) {
        const uint32_t instances = sizes[tile];
        return TileSums{instances, max(1u, (instances + kSegment - 1) / kSegment)};
      },
      [&](uint32_t tile, const TileSums& before, const TileSums& after) {
        a.tile_ranges[tile] = make_uint2(uint32_t(before.instances), uint32_t(after.instances));
        a.tile_segments[tile] = after.segments;
        sizes[tile] = uint32_t(before.instances);
      });
  if (threadIdx.x != 0) return;
  Counts& counts = *a.projection.counts;
  counts.instances = all.instances;
  if (all.instances <= a.capacity) return;
  counts.overflow = 1;
  if (all.instances > counts.most) counts.most = all.instances;
}

// The next free entry of a tile's range.
__device__ __forceinline__ uint32_t next_place(const BinArgs& a, uint32_t tile) {
  return atomicAdd(&a.projection.tile_sizes[tile], 1u);
}
__device__ __forceinline__ void emit(const BinArgs& a, uint32_t place, uint32_t slot, float depth, uint32_t i) {
  a.instances[place] = uint64_t(__float_as_uint(depth)) << 32 | slot;
  a.slot_gaussians[slot] = i;
}

// Index of the n-th set bit of a mask, n from 0.
__device__ __forceinline__ int nth_bit(uint32_t mask, int n) {
  int place = 0;
#pragma unroll
  for (int width = kWarp / 2; width > 0; width /= 2) {
    const int below = __popc(mask >> place & ((1u << width) - 1u));
    if (n < below) continue;
    n -= below;
    place += width;
  }
  return place;
}

// Inclusive sum over the lanes of a warp.
__device__ __forceinline__ uint32_t warp_scan(uint32_t value) {
  const uint32_t lane = threadIdx.x % kWarp;
  for (uint32_t step = 1; step < kWarp; step *= 2) {
    const uint32_t before = __shfl_up_sync(kFullWarp, value, step);
    if (lane >= step) value += before;
  }
  return value;
}

// The lane that owns item `n`; `end` is the inclusive sum of the lanes' item counts. The last lane for items past the
// end.
__device__ __forceinline__ int owner_of(int end, int n) {
  int owner = 0;
#pragma unroll
  for (int step = kWarp / 2; step > 0; step /= 2)
    if (__shfl_sync(kFullWarp, end, owner + step - 1) <= n) owner += step;
  return owner;
}

// Emits the instances of splats whose tiles fit the mask. A warp concatenates the instances of its Gaussians and
// processes 32 at a time, however many each has.
__device__ __forceinline__ void emit_small(const BinArgs& a, uint32_t block) {
  const ProjectArgs& p = a.projection;
  const uint32_t i = block * kGaussianThreads + threadIdx.x;
  const int lane = int(threadIdx.x) % kWarp, warp = int(threadIdx.x) / kWarp;
  const uint32_t reached = i < p.count ? p.tile_counts[i] : 0;
  TileTest test = {};
  float depth = 0.f;
  uint32_t mask = 0;
  if (reached != 0) {
    test.span = p.tile_rectangles[i];
    depth = p.splats[i].depth;
    mask = test.area() > kWarp ? 0 : p.tile_masks[i];
  }
  __shared__ uint32_t warp_sums[kGaussianThreads / kWarp];
  const uint32_t reached_end = warp_scan(reached);
  if (lane == kWarp - 1) warp_sums[warp] = reached_end;
  __syncthreads();
  uint32_t offset = p.block_sizes[block] + reached_end - reached;
  for (int w = 0; w < warp; ++w) offset += warp_sums[w];
  if (i < p.count) a.offsets[i] = offset;

  const int tiles = __popc(mask), end = int(warp_scan(uint32_t(tiles)));  // end of this Gaussian's instances
  const int all = __shfl_sync(kFullWarp, end, kWarp - 1);
  for (int base = 0; base < all; base += kWarp) {
    const int n = base + lane;
    const int owner = owner_of(end, n);
    const int rank = n - __shfl_sync(kFullWarp, end - tiles, owner);
    const uint32_t their_mask = __shfl_sync(kFullWarp, mask, owner), slot = __shfl_sync(kFullWarp, offset, owner);
    const float their_depth = __shfl_sync(kFullWarp, depth, owner);
    const TileTest theirs = from_lane(test, owner);
    if (n >= all) continue;
    const uint32_t tile = theirs.tile(nth_bit(their_mask, rank), p.tiles_x);
    emit(a, next_place(a, tile), slot + uint32_t(rank), their_depth, i - uint32_t(lane) + uint32_t(owner));
  }
}

// Emits a large splat, by the whole block: each warp counts its part of the tiles, so that the next one knows its first
// slot.
__device__ __forceinline__ void emit_large(const BinArgs& a, uint32_t i) {
  const ProjectArgs& p = a.projection;
  const int lane = int(threadIdx.x) % kWarp, part = int(threadIdx.x) / kWarp;
  const TileTest test = test_of(p.splats[i], p.tile_rectangles[i]);
  const int begin = part_begin(test, part), end = part_begin(test, part + 1);
  uint32_t first_round;
  const auto count = [](uint32_t) { return 0u; };
  const auto ignore = [](uint32_t, uint32_t) {};
  __shared__ uint32_t found[kParts];
  const uint32_t tiles = for_tiles_of(test, begin, end, p.tiles_x, first_round, count, ignore);
  if (lane == 0) found[part] = tiles;
  __syncthreads();
  uint32_t before = 0;
  for (int other = 0; other < part; ++other) before += found[other];
  // Also the instances of the Gaussians between the first of this one's block and this one.
  const uint32_t block = i / kGaussianThreads;
  uint32_t neighbours = 0;
  for (uint32_t other = block * kGaussianThreads + uint32_t(lane); other < i; other += kWarp)
    neighbours += p.tile_counts[other];
  const uint32_t first = p.block_sizes[block] + before + __reduce_add_sync(kFullWarp, neighbours);
  const float depth = p.splats[i].depth;
  for_tiles_of(
      test, begin, end, p.tiles_x, first_round, [&](uint32_t tile) { return next_place(a, tile); },
      [&](uint32_t n, uint32_t place) { emit(a, place, first + n, depth, i); });
  __syncthreads();  // `found` is read
}

// The first blocks process the large splats, which take longest.
__global__ void __launch_bounds__(kGaussianThreads) emit_kernel(BinArgs a) {
  if (a.projection.counts->overflow != 0) return;
  if (blockIdx.x >= kLargeBlocks) return emit_small(a, blockIdx.x - kLargeBlocks);
  for (uint32_t k = blockIdx.x; k < *a.projection.large_count; k += kLargeBlocks) emit_large(a, a.projection.large[k]);
}

// One block per tile. Equal depths keep the order of the Gaussians, which is that of their slots.
__global__ void __launch_bounds__(kSortThreads) sort_tiles_kernel(BinArgs a) {
  if (a.projection.counts->overflow != 0) return;
  __shared__ SortMemory memory;
  const uint2 range = a.tile_ranges[blockIdx.x];
  sort_entries(a.instances + range.x, range.y - range.x, memory,
               [&](uint64_t entry) { return uint64_t(a.slot_gaussians[uint32_t(entry)]) << 32 | uint32_t(entry); });
}

}  // namespace tame::gpu
