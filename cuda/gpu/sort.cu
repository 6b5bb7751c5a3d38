// See sort.h.
#include <cub/device/device_radix_sort.cuh>

#include "runtime.h"
#include "sort.h"

namespace tame::gpu {

size_t sort_scratch_bytes(uint32_t items) {
  size_t pairs = 0, keys = 0;
  cub::DoubleBuffer<uint64_t> long_keys(nullptr, nullptr);
  cub::DoubleBuffer<uint32_t> values(nullptr, nullptr);
  check(cub::DeviceRadixSort::SortPairs(nullptr, pairs, long_keys, values, items), "size a sort");
  check(cub::DeviceRadixSort::SortKeys(nullptr, keys, values, items), "size a sort");
  return pairs > keys ? pairs : keys;
}

int sort_pairs(void* scratch, size_t bytes, uint64_t* const keys[2], uint32_t* const values[2], uint32_t items,
               int bits, cudaStream_t stream) {
  cub::DoubleBuffer<uint64_t> key_buffers(keys[0], keys[1]);
  cub::DoubleBuffer<uint32_t> value_buffers(values[0], values[1]);
  check(cub::DeviceRadixSort::SortPairs(scratch, bytes, key_buffers, value_buffers, items, 0, bits, stream), "sort");
  // Both selectors flip with every pass, so they are equal.
  return value_buffers.selector;
}

int sort_keys(void* scratch, size_t bytes, uint32_t* const keys[2], uint32_t items, cudaStream_t stream) {
  cub::DoubleBuffer<uint32_t> buffers(keys[0], keys[1]);
  check(cub::DeviceRadixSort::SortKeys(scratch, bytes, buffers, items, 0, 32, stream), "sort");
  return buffers.selector;
}

}  // namespace tame::gpu
