// Counts the rows that have a value that is not finite.
#include <algorithm>

#include "../core/finite.h"
#include "device.h"

namespace tame::gpu {

namespace {

constexpr uint32_t kThreads = 256;

struct PlaneBlocks {
  PlaneBlock blocks[kMostPlaneBlocks];
  int count;
};

// Atomic on integers: the order of the blocks does not matter.
__global__ void count_non_finite_kernel(const __grid_constant__ PlaneBlocks all, uint32_t rows, uint32_t* count) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  uint32_t mark = 0;
  if (i < rows)
    for (int b = 0; b < all.count; ++b)
      for (int k = 0; k < all.blocks[b].count; ++k) mark |= core::is_non_finite(all.blocks[b].planes.plane(k)[i]);
  const int marked = __syncthreads_count(int(mark));
  if (threadIdx.x == 0 && marked != 0) atomicAdd(count, uint32_t(marked));
}

}  // namespace

uint32_t GpuDevice::count_non_finite(const std::vector<PlaneBlock>& blocks, uint32_t rows) {
  if (rows == 0) return 0;
  return use([&] {
    PlaneBlocks all = {};
    all.count = int(std::min(blocks.size(), size_t(kMostPlaneBlocks)));
    std::copy_n(blocks.begin(), all.count, all.blocks);
    const DeviceBuffer<uint32_t> count(ledger(), TAME_PURPOSE_OTHER, 1);
    check(cudaMemsetAsync(count.data(), 0, count.bytes(), stream()), "clear a count");
    count_non_finite_kernel<<<blocks_for(rows, kThreads), kThreads, 0, stream()>>>(all, rows, count.data());
    check_launch("launch count_non_finite_kernel");
    uint32_t total = 0;
    check(cudaMemcpyAsync(&total, count.data(), count.bytes(), cudaMemcpyDeviceToHost, stream()), "download a count");
    stream().wait();
    return total;
  });
}

}  // namespace tame::gpu
