// Copies between interleaved caller arrays and planes.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "../tame.h"

namespace tame::gpu {

// planes[c * count + i] = interleaved[i * channels + c], and back.
static __global__ void to_planes_kernel(const float* interleaved, size_t count, int channels, float* planes) {
  const size_t i = size_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;
  for (int c = 0; c < channels; ++c) planes[size_t(c) * count + i] = interleaved[i * size_t(channels) + size_t(c)];
}

static __global__ void from_planes_kernel(const float* planes, size_t count, int channels, float* interleaved) {
  const size_t i = size_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;
  for (int c = 0; c < channels; ++c) interleaved[i * size_t(channels) + size_t(c)] = planes[size_t(c) * count + i];
}

}  // namespace tame::gpu
