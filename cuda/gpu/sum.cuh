// Sums in a fixed order.
#pragma once

#include <cuda_runtime.h>

#include "config.h"

namespace tame::gpu {

// Sum over the block in a fixed order; the result is thread 0's.
__device__ __forceinline__ double block_sum(double value, double* scratch) {
  const int thread = int(threadIdx.x);
  for (int step = kWarp / 2; step > 0; step /= 2) value += __shfl_down_sync(kFullWarp, value, step);
  __syncthreads();
  if (thread % kWarp == 0) scratch[thread / kWarp] = value;
  __syncthreads();
  double total = 0;
  if (thread == 0)
    for (int w = 0; w < int(blockDim.x) / kWarp; ++w) total += scratch[w];
  return total;
}

}  // namespace tame::gpu
