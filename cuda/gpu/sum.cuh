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

// The same of two values, with one entry of scratch for each thread: one warp adds, so that the others need few
// instructions.
__device__ __forceinline__ double2 block_sum(double2 value, double2* scratch) {
  const int thread = int(threadIdx.x);
  scratch[thread] = value;
  __syncthreads();
  if (thread >= kWarp) return value;
  for (int t = thread + kWarp; t < int(blockDim.x); t += kWarp) {
    value.x += scratch[t].x;
    value.y += scratch[t].y;
  }
  for (int step = kWarp / 2; step > 0; step /= 2) {
    value.x += __shfl_down_sync(kFullWarp, value.x, step);
    value.y += __shfl_down_sync(kFullWarp, value.y, step);
  }
  return value;
}

// A sum of floats with what rounding drops (Knuth's TwoSum), nearly as precise as in double: many GPUs have one unit
// for double where they have 64 for float.
struct CompensatedSum {
  float high = 0, low = 0;

  __device__ __forceinline__ void add(float value) {
    const float sum = high + value, added = sum - high;
    low += (high - (sum - added)) + (value - added);
    high = sum;
  }
  __device__ __forceinline__ double total() const { return double(high) + double(low); }
};

}  // namespace tame::gpu
