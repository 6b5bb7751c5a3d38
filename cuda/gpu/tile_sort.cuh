// Sorts the instances of a tile, one block per tile, by depth and then by slot. Tiles have some hundreds of instances,
// which a block sorts in shared memory; more are sorted there in chunks and then merged in place. No two entries are
// equal, so the result does not depend on their initial order.
#pragma once

#include <cub/block/block_merge_sort.cuh>

#include "config.h"

namespace tame::gpu {

// Chunks are merged with a bitonic merge (Batcher 1968) whose first stage compares mirrored positions. Every comparison
// then puts the smaller entry first, and positions past the end are never compared.

// Orders `pairs` pairs of entries, spread over the block: places_of(p) returns the positions of pair p.
template <class PlacesOf>
__device__ __forceinline__ void compare(uint64_t* entries, uint32_t count, uint32_t pairs, const PlacesOf& places_of) {
  constexpr int kTogether = 4;  // overlapping pairs per thread
  for (uint32_t start = threadIdx.x; start < pairs; start += kTogether * kSortThreads) {
    uint64_t low[kTogether], high[kTogether];
    bool swap[kTogether];
#pragma unroll
    for (int k = 0; k < kTogether; ++k) {
      const uint2 at = places_of(start + uint32_t(k) * kSortThreads);
      swap[k] = at.y < count;
      if (!swap[k]) continue;
      low[k] = entries[at.x];
      high[k] = entries[at.y];
      swap[k] = high[k] < low[k];
    }
#pragma unroll
    for (int k = 0; k < kTogether; ++k) {
      if (!swap[k]) continue;
      const uint2 at = places_of(start + uint32_t(k) * kSortThreads);
      entries[at.x] = high[k];
      entries[at.y] = low[k];
    }
  }
}

// Compares each position of a run of `run` entries, a power of two, with its mirror image in the run.
__device__ __forceinline__ void mirror_stage(uint64_t* entries, uint32_t count, uint32_t pairs, uint32_t run) {
  compare(entries, count, pairs, [=](uint32_t p) {
    const uint32_t place = p & (run / 2 - 1), start = 2 * (p - place);
    return make_uint2(start + place, start + run - 1 - place);
  });
}

// Compares each position with the one `stride`, a power of two, after it.
__device__ __forceinline__ void stride_stage(uint64_t* entries, uint32_t count, uint32_t pairs, uint32_t stride) {
  compare(entries, count, pairs, [=](uint32_t p) {
    const uint32_t low = 2 * p - (p & (stride - 1));
    return make_uint2(low, low + stride);
  });
}

template <int kItems>
using BlockSort = cub::BlockMergeSort<uint64_t, kSortThreads, kItems>;

union SortMemory {
  BlockSort<1>::TempStorage of_1;
  BlockSort<2>::TempStorage of_2;
  BlockSort<4>::TempStorage of_4;
  BlockSort<8>::TempStorage of_8;
  BlockSort<16>::TempStorage of_16;
  uint64_t chunk[kSortChunk];
};
static_assert(kSortChunk == 16 * kSortThreads, "the largest sort takes a chunk");

// Sorts at most kItems entries per thread and stores finish(entry) for each.
template <int kItems, class Finish>
__device__ __forceinline__ void sort_by_block(uint64_t* entries, uint32_t count,
                                              typename BlockSort<kItems>::TempStorage& memory, const Finish& finish) {
  uint64_t mine[kItems];
#pragma unroll
  for (uint32_t k = 0; k < kItems; ++k) {
    const uint32_t place = threadIdx.x + k * kSortThreads;
    mine[k] = place < count ? entries[place] : ~uint64_t(0);  // these end up past the end
  }
  __syncthreads();  // all are read
  BlockSort<kItems>(memory).Sort(mine, [](uint64_t a, uint64_t b) { return a < b; });
#pragma unroll
  for (uint32_t k = 0; k < kItems; ++k) {
    const uint32_t place = threadIdx.x * kItems + k;
    if (place < count) entries[place] = finish(mine[k]);
  }
}

template <class Finish>
__device__ __forceinline__ void sort_chunk(uint64_t* entries, uint32_t count, SortMemory& memory,
                                           const Finish& finish) {
  if (count <= kSortThreads)
    sort_by_block<1>(entries, count, memory.of_1, finish);
  else if (count <= 2 * kSortThreads)
    sort_by_block<2>(entries, count, memory.of_2, finish);
  else if (count <= 4 * kSortThreads)
    sort_by_block<4>(entries, count, memory.of_4, finish);
  else if (count <= 8 * kSortThreads)
    sort_by_block<8>(entries, count, memory.of_8, finish);
  else
    sort_by_block<16>(entries, count, memory.of_16, finish);
}

// Half of the smallest power of two that is at least `count`.
__device__ __forceinline__ uint32_t pairs_of(uint32_t count) {
  return count <= 1 ? 0 : 1u << (31 - __clz(int(count - 1)));
}

// The stages of a merge with strides within a chunk, in shared memory.
template <class Finish>
__device__ __forceinline__ void finish_merge(uint64_t* entries, uint32_t count, uint64_t* chunk, const Finish& finish) {
  for (uint32_t k = threadIdx.x; k < count; k += kSortThreads) chunk[k] = entries[k];
  for (uint32_t stride = kSortChunk / 2; stride != 0; stride /= 2) {
    __syncthreads();
    stride_stage(chunk, count, pairs_of(count), stride);
  }
  __syncthreads();
  for (uint32_t k = threadIdx.x; k < count; k += kSortThreads) entries[k] = finish(chunk[k]);
}

// Sorts entries in device memory, by the whole block, and stores finish(entry) for each.
template <class Finish>
__device__ __forceinline__ void sort_entries(uint64_t* entries, uint32_t count, SortMemory& memory,
                                             const Finish& finish) {
  if (count <= kSortChunk) return sort_chunk(entries, count, memory, finish);
  const auto for_chunks = [&](const auto& work) {
    for (uint32_t start = 0; start < count; start += kSortChunk) {
      work(entries + start, min(count - start, kSortChunk));
      __syncthreads();
    }
  };
  const auto keep = [](uint64_t entry) { return entry; };
  for_chunks([&](uint64_t* part, uint32_t n) { sort_by_block<16>(part, n, memory.of_16, keep); });
  const uint32_t pairs = pairs_of(count);
  for (uint32_t run = 2 * kSortChunk; run / 2 < count; run *= 2) {
    mirror_stage(entries, count, pairs, run);
    for (uint32_t stride = run / 4; stride >= kSortChunk; stride /= 2) {
      __syncthreads();
      stride_stage(entries, count, pairs, stride);
    }
    __syncthreads();
    for_chunks([&](uint64_t* part, uint32_t n) {
      if (run < count)
        finish_merge(part, n, memory.chunk, keep);
      else
        finish_merge(part, n, memory.chunk, finish);
    });
  }
}

}  // namespace tame::gpu
