// Counts the rows that have a value that is not finite.
#include "../core/finite.h"

#include <algorithm>

#include "device.h"

namespace tame::cpu {

namespace {

constexpr uint32_t kRows = 4096;  // of a work item: its marks stay in the L1 cache

uint32_t count_block(const std::vector<PlaneBlock>& blocks, uint32_t first, uint32_t rows) {
  uint32_t marks[kRows] = {};
  for (const PlaneBlock& block : blocks)
    for (int k = 0; k < block.count; ++k) {
      const float* const plane = block.planes.plane(k) + first;
      for (uint32_t i = 0; i < rows; ++i) marks[i] |= core::is_non_finite(plane[i]);
    }
  uint32_t count = 0;
  for (uint32_t i = 0; i < rows; ++i) count += marks[i];
  return count;
}

}  // namespace

uint32_t CpuDevice::count_non_finite(const std::vector<PlaneBlock>& blocks, uint32_t rows) {
  std::vector<uint32_t> counts((rows + kRows - 1) / kRows);
  threads_.run(uint32_t(counts.size()), [&](uint32_t item, uint32_t) {
    const uint32_t first = item * kRows;
    counts[item] = count_block(blocks, first, std::min(kRows, rows - first));
  });
  uint32_t total = 0;
  for (const uint32_t count : counts) total += count;
  return total;
}

}  // namespace tame::cpu
