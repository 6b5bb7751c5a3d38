// CUB's radix sort, as plain functions so that only one file compiles it.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

namespace tame::gpu {

// Scratch bytes that the sorts need for up to `items` items.
size_t sort_scratch_bytes(uint32_t items);

// Stable, by bits 0 .. bits - 1 of the key. Uses both pairs of buffers, which saves a third of the scratch. The input
// is in the first pair; returns the index of the pair with the result, which depends only on `bits`.
int sort_pairs(void* scratch, size_t scratch_bytes, uint64_t* const keys[2], uint32_t* const values[2], uint32_t items,
               int bits, cudaStream_t stream);

// Keys only, all bits.
int sort_keys(void* scratch, size_t scratch_bytes, uint32_t* const keys[2], uint32_t items, cudaStream_t stream);

}  // namespace tame::gpu
