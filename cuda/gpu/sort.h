// CUB's radix sort and scans, behind plain functions so that one file compiles them.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

namespace tame::gpu {

// Scratch bytes that any of the functions below needs for up to `items` items.
size_t sort_scratch_bytes(uint32_t items);
size_t scan_scratch_bytes(uint32_t items);

// Stable, by bits 0 .. bits - 1 of the key. Inputs are left alone.
void sort_pairs(void* scratch, size_t scratch_bytes, const uint32_t* keys, uint32_t* sorted_keys,
                const uint32_t* values, uint32_t* sorted_values, uint32_t items, int bits, cudaStream_t stream);
void sort_pairs(void* scratch, size_t scratch_bytes, const uint16_t* keys, uint16_t* sorted_keys,
                const uint32_t* values, uint32_t* sorted_values, uint32_t items, int bits, cudaStream_t stream);

// out[j] = values[order[0]] + ... + values[order[j]].
void scan_gathered(void* scratch, size_t scratch_bytes, const uint32_t* values, const uint32_t* order, uint32_t* out,
                   uint32_t items, cudaStream_t stream);
// out[t] = buckets of tiles 0 .. t, ceil(instances / 32) each.
void scan_buckets(void* scratch, size_t scratch_bytes, const uint2* tile_ranges, uint32_t* out, uint32_t tiles,
                  cudaStream_t stream);

}  // namespace tame::gpu
