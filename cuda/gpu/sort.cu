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

struct SegmentCount {
  const uint2* ranges;
  __device__ uint32_t operator()(uint32_t tile) const {
    return max(1u, (ranges[tile].y - ranges[tile].x + kSegment - 1) / kSegment);
  }
};

template <class Function>
auto over_indices(Function function) {
  return thrust::make_transform_iterator(thrust::counting_iterator<uint32_t>(0), function);
}

template <class Key>
cudaError_t sort_any(void* scratch, size_t& bytes, cub::DoubleBuffer<Key>& keys, cub::DoubleBuffer<uint32_t>& values,
                     uint32_t items, int bits, cudaStream_t stream) {
  return cub::DeviceRadixSort::SortPairs(scratch, bytes, keys, values, items, 0, bits, stream);
}

template <class Key>
size_t sort_bytes(uint32_t items) {
  size_t bytes = 0;
  cub::DoubleBuffer<Key> keys(nullptr, nullptr);
  cub::DoubleBuffer<uint32_t> values(nullptr, nullptr);
  check(sort_any(nullptr, bytes, keys, values, items, 8 * int(sizeof(Key)), nullptr), "size a sort");
  return bytes;
}

template <class Key>
int sort_and_select(void* scratch, size_t bytes, Key* const keys[2], uint32_t* const values[2], uint32_t items,
                    int bits, cudaStream_t stream) {
  cub::DoubleBuffer<Key> key_buffers(keys[0], keys[1]);
  cub::DoubleBuffer<uint32_t> value_buffers(values[0], values[1]);
  check(sort_any(scratch, bytes, key_buffers, value_buffers, items, bits, stream), "sort");
  // Both flip once a pass, so they agree.
  return value_buffers.selector;
}

template <class Function>
cudaError_t scan_any(void* scratch, size_t& bytes, Function function, uint32_t* out, uint32_t items,
                     cudaStream_t stream) {
  return cub::DeviceScan::InclusiveSum(scratch, bytes, over_indices(function), out, items, stream);
}

}  // namespace

size_t sort_scratch_bytes(uint32_t items) {
  return std::max({sort_bytes<uint16_t>(items), sort_bytes<uint32_t>(items), sort_bytes<uint64_t>(items)});
}

size_t scan_scratch_bytes(uint32_t items) {
  size_t gathered = 0, segments = 0;
  check(scan_any(nullptr, gathered, Gathered{}, nullptr, items, nullptr), "size a scan");
  check(scan_any(nullptr, segments, SegmentCount{}, nullptr, items, nullptr), "size a scan");
  return std::max(gathered, segments);
}

int sort_pairs(void* scratch, size_t bytes, uint32_t* const keys[2], uint32_t* const values[2], uint32_t items,
               int bits, cudaStream_t stream) {
  return sort_and_select(scratch, bytes, keys, values, items, bits, stream);
}

int sort_pairs(void* scratch, size_t bytes, uint16_t* const keys[2], uint32_t* const values[2], uint32_t items,
               int bits, cudaStream_t stream) {
  return sort_and_select(scratch, bytes, keys, values, items, bits, stream);
}

int sort_pairs(void* scratch, size_t bytes, uint64_t* const keys[2], uint32_t* const values[2], uint32_t items,
               int bits, cudaStream_t stream) {
  return sort_and_select(scratch, bytes, keys, values, items, bits, stream);
}

int sort_keys(void* scratch, size_t bytes, uint32_t* const keys[2], uint32_t items, cudaStream_t stream) {
  cub::DoubleBuffer<uint32_t> buffers(keys[0], keys[1]);
  check(cub::DeviceRadixSort::SortKeys(scratch, bytes, buffers, items, 0, 32, stream), "sort");
  return buffers.selector;
}

void scan_gathered(void* scratch, size_t bytes, const uint32_t* values, const uint32_t* order, uint32_t* out,
                   uint32_t items, cudaStream_t stream) {
  check(scan_any(scratch, bytes, Gathered{values, order}, out, items, stream), "scan");
}

void scan_segments(void* scratch, size_t bytes, const uint2* tile_ranges, uint32_t* out, uint32_t tiles,
                   cudaStream_t stream) {
  check(scan_any(scratch, bytes, SegmentCount{tile_ranges}, out, tiles, stream), "scan");
}

}  // namespace tame::gpu
