// See sort.h.
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>

#include <algorithm>
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_scan.cuh>

#include "config.h"
#include "runtime.h"
#include "sort.h"

namespace tame::gpu {

namespace {

struct Gathered {
  const uint32_t* values;
  const uint32_t* order;
  __device__ uint32_t operator()(uint32_t j) const { return values[order[j]]; }
};

struct BucketCount {
  const uint2* ranges;
  __device__ uint32_t operator()(uint32_t tile) const {
    return (ranges[tile].y - ranges[tile].x + kBucket - 1) / kBucket;
  }
};

template <class Function>
auto over_indices(Function function) {
  return thrust::make_transform_iterator(thrust::counting_iterator<uint32_t>(0), function);
}

template <class Key>
cudaError_t sort_any(void* scratch, size_t& bytes, const Key* keys, Key* sorted_keys, const uint32_t* values,
                     uint32_t* sorted_values, uint32_t items, int bits, cudaStream_t stream) {
  return cub::DeviceRadixSort::SortPairs(scratch, bytes, keys, sorted_keys, values, sorted_values, items, 0, bits,
                                         stream);
}

template <class Function>
cudaError_t scan_any(void* scratch, size_t& bytes, Function function, uint32_t* out, uint32_t items,
                     cudaStream_t stream) {
  return cub::DeviceScan::InclusiveSum(scratch, bytes, over_indices(function), out, items, stream);
}

}  // namespace

size_t sort_scratch_bytes(uint32_t items) {
  size_t wide = 0, narrow = 0;
  check(sort_any<uint32_t>(nullptr, wide, nullptr, nullptr, nullptr, nullptr, items, 32, nullptr), "size a sort");
  check(sort_any<uint16_t>(nullptr, narrow, nullptr, nullptr, nullptr, nullptr, items, 16, nullptr), "size a sort");
  return std::max(wide, narrow);
}

size_t scan_scratch_bytes(uint32_t items) {
  size_t gathered = 0, buckets = 0;
  check(scan_any(nullptr, gathered, Gathered{}, nullptr, items, nullptr), "size a scan");
  check(scan_any(nullptr, buckets, BucketCount{}, nullptr, items, nullptr), "size a scan");
  return std::max(gathered, buckets);
}

void sort_pairs(void* scratch, size_t bytes, const uint32_t* keys, uint32_t* sorted_keys, const uint32_t* values,
                uint32_t* sorted_values, uint32_t items, int bits, cudaStream_t stream) {
  check(sort_any(scratch, bytes, keys, sorted_keys, values, sorted_values, items, bits, stream), "sort");
}

void sort_pairs(void* scratch, size_t bytes, const uint16_t* keys, uint16_t* sorted_keys, const uint32_t* values,
                uint32_t* sorted_values, uint32_t items, int bits, cudaStream_t stream) {
  check(sort_any(scratch, bytes, keys, sorted_keys, values, sorted_values, items, bits, stream), "sort");
}

void scan_gathered(void* scratch, size_t bytes, const uint32_t* values, const uint32_t* order, uint32_t* out,
                   uint32_t items, cudaStream_t stream) {
  check(scan_any(scratch, bytes, Gathered{values, order}, out, items, stream), "scan");
}

void scan_buckets(void* scratch, size_t bytes, const uint2* tile_ranges, uint32_t* out, uint32_t tiles,
                  cudaStream_t stream) {
  check(scan_any(scratch, bytes, BucketCount{tile_ranges}, out, tiles, stream), "scan");
}

}  // namespace tame::gpu
