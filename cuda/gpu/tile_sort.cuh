// Sorting within a tile: a block a tile, its instances by depth, and by slot where depths are equal. Tiles hold some
// hundreds of instances, which fit shared memory; where there are more, chunks of them are sorted there and merged in
// place. No two entries are equal, so the result does not depend on the order they came in.
//
// Bitonic sort (Batcher 1968) in the form whose first stage of a merge compares mirrored places: every comparison then
// puts the smaller entry first, and places past the end take part in none.
#pragma once

#include "config.h"

namespace tame::gpu {

__device__ __forceinline__ void put_in_order(uint64_t* entries, uint32_t count, uint32_t i, uint32_t j) {
  if (j >= count) return;
  const uint64_t first = entries[i], second = entries[j];
  if (second >= first) return;
  entries[i] = second;
  entries[j] = first;
}

// Compares each place of a run of `run`, a power of two, with its mirror image in the run.
__device__ __forceinline__ void mirror_stage(uint64_t* entries, uint32_t count, uint32_t pairs, uint32_t run) {
  for (uint32_t p = threadIdx.x; p < pairs; p += kSortThreads) {
    const uint32_t place = p & (run / 2 - 1), start = 2 * (p - place);
    put_in_order(entries, count, start + place, start + run - 1 - place);
  }
}

// Compares each place with the one `stride`, a power of two, after it.
__device__ __forceinline__ void stride_stage(uint64_t* entries, uint32_t count, uint32_t pairs, uint32_t stride) {
  for (uint32_t p = threadIdx.x; p < pairs; p += kSortThreads) {
    const uint32_t i = 2 * p - (p & (stride - 1));
    put_in_order(entries, count, i, i + stride);
  }
}

// Between two stages. A warp's 32 pairs lie in 64 neighbouring places as long as they are not further apart.
__device__ __forceinline__ void sync_stages(uint32_t run) {
  if (run <= 2 * kWarp)
    __syncwarp();
  else
    __syncthreads();
}

// The stages of strides below `stride`, which merge runs that the stage before has parted.
__device__ __forceinline__ void finish_merge(uint64_t* entries, uint32_t count, uint32_t pairs, uint32_t stride) {
  for (; stride != 0; stride /= 2) {
    stride_stage(entries, count, pairs, stride);
    sync_stages(2 * stride);
  }
}

// Sorts at most kSortChunk entries in shared memory.
__device__ __forceinline__ void sort_chunk(uint64_t* entries, uint32_t count, uint32_t pairs) {
  for (uint32_t run = 2; run / 2 < count; run *= 2) {
    sync_stages(run);  // the merge before ended among neighbours
    mirror_stage(entries, count, pairs, run);
    sync_stages(run);
    finish_merge(entries, count, pairs, run / 4);
  }
  __syncthreads();
}

// Half of the power of two that holds `count` places.
__device__ __forceinline__ uint32_t pairs_of(uint32_t count) {
  return count <= 1 ? 0 : 1u << (31 - __clz(int(count - 1)));
}

// Brings each kSortChunk of `entries` to shared memory, does `work` there, and puts back what `put` makes of it.
template <class Work, class Put>
__device__ __forceinline__ void for_chunks(uint64_t* entries, uint32_t count, uint64_t* chunk, const Work& work,
                                           const Put& put) {
  for (uint32_t start = 0; start < count; start += kSortChunk) {
    const uint32_t in_chunk = min(count - start, kSortChunk);
    for (uint32_t k = threadIdx.x; k < in_chunk; k += kSortThreads) chunk[k] = entries[start + k];
    __syncthreads();
    work(in_chunk);
    for (uint32_t k = threadIdx.x; k < in_chunk; k += kSortThreads) entries[start + k] = put(chunk[k]);
    __syncthreads();
  }
}

// Sorts entries in device memory, by the whole block, and leaves finish(entry) in each place; chunk: kSortChunk places
// in shared memory.
template <class Finish>
__device__ __forceinline__ void sort_entries(uint64_t* entries, uint32_t count, uint64_t* chunk, const Finish& finish) {
  const auto put = [&](bool last) { return [&finish, last](uint64_t entry) { return last ? finish(entry) : entry; }; };
  for_chunks(
      entries, count, chunk, [&](uint32_t n) { sort_chunk(chunk, n, pairs_of(n)); }, put(count <= kSortChunk));
  const uint32_t pairs = pairs_of(count);
  for (uint32_t run = 2 * kSortChunk; run / 2 < count; run *= 2) {
    mirror_stage(entries, count, pairs, run);
    __syncthreads();
    for (uint32_t stride = run / 4; stride >= kSortChunk; stride /= 2) {
      stride_stage(entries, count, pairs, stride);
      __syncthreads();
    }
    for_chunks(
        entries, count, chunk,
        [&](uint32_t n) {
          finish_merge(chunk, n, pairs_of(n), kSortChunk / 2);
          __syncthreads();
        },
        put(run >= count));
  }
}

}  // namespace tame::gpu
