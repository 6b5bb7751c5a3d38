// CUB's radix sort and scans, behind plain functions so that one file compiles them.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

namespace tame::gpu {

// Scratch bytes that any of the functions below needs for up to `items` items.
size_t sort_scratch_bytes(uint32_t items);
size_t scan_scratch_bytes(uint32_t items);

// Stable, by bits 0 .. bits - 1 of the key. Both pairs of buffers are used, which saves the sort a third; the input is
// in the first, and the index of the pair that holds the result comes back, the same for the same `bits`.
int sort_pairs(void* scratch, size_t scratch_bytes, uint32_t* const keys[2], uint32_t* const values[2], uint32_t items,
               int bits, cudaStream_t stream);
int sort_pairs(void* scratch, size_t scratch_bytes, uint16_t* const keys[2], uint32_t* const values[2], uint32_t items,
               int bits, cudaStream_t stream);
int sort_pairs(void* scratch, size_t scratch_bytes, uint64_t* const keys[2], uint32_t* const values[2], uint32_t items,
               int bits, cudaStream_t stream);

// Keys alone, all bits.
int sort_keys(void* scratch, size_t scratch_bytes, uint32_t* const keys[2], uint32_t items, cudaStream_t stream);

// out[j] = values[order[0]] + ... + values[order[j]].
void scan_gathered(void* scratch, size_t scratch_bytes, const uint32_t* values, const uint32_t* order, uint32_t* out,
                   uint32_t items, cudaStream_t stream);
// out[t] = segments of tiles 0 .. t: ceil(instances / kSegment) each, at least one.
void scan_segments(void* scratch, size_t scratch_bytes, const uint2* tile_ranges, uint32_t* out, uint32_t tiles,
                   cudaStream_t stream);

}  // namespace tame::gpu
