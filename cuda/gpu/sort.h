// CUB's radix sort, behind plain functions so that one file compiles them.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

namespace tame::gpu {

// Scratch bytes that the sorts need for up to `items` items.
size_t sort_scratch_bytes(uint32_t items);

// Stable, by bits 0 .. bits - 1 of the key. Both pairs of buffers are used, which saves the sort a third; the input is
// in the first, and the index of the pair that holds the result comes back, the same for the same `bits`.
int sort_pairs(void* scratch, size_t scratch_bytes, uint64_t* const keys[2], uint32_t* const values[2], uint32_t items,
               int bits, cudaStream_t stream);

// Keys alone, all bits.
int sort_keys(void* scratch, size_t scratch_bytes, uint32_t* const keys[2], uint32_t items, cudaStream_t stream);

}  // namespace tame::gpu
