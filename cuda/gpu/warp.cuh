// Work items of a warp's lanes laid side by side.
#pragma once

#include "config.h"

namespace tame::gpu {

// Inclusive sum over the lanes of a warp.
__device__ __forceinline__ uint32_t warp_scan(uint32_t value) {
  const uint32_t lane = threadIdx.x % kWarp;
  for (uint32_t step = 1; step < kWarp; step *= 2) {
    const uint32_t before = __shfl_up_sync(kFullWarp, value, step);
    if (lane >= step) value += before;
  }
  return value;
}

// The lane that item `n` belongs to, where lane l has the items before `end`, its inclusive sum; the last lane for
// items past the end of all.
__device__ __forceinline__ int owner_of(int end, int n) {
  int owner = 0;
#pragma unroll
  for (int step = kWarp / 2; step > 0; step /= 2)
    if (__shfl_sync(kFullWarp, end, owner + step - 1) <= n) owner += step;
  return owner;
}

}  // namespace tame::gpu
