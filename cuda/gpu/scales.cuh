// The smallest scales of Gaussians, from their highest sampling rate over the cameras.
#pragma once

#include "../core/sampling.h"
#include "kernels.h"

namespace tame::gpu {

// One thread per Gaussian.
__global__ void __launch_bounds__(kGaussianThreads)
    limit_scales_kernel(Planes parameters, Layout layout, uint32_t count, const core::Camera<float>* cameras,
                        uint32_t camera_count, float pixels, float* smallest_scales) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  float mean[3], rate = 0.f;
  for (int k = 0; k < 3; ++k) mean[k] = parameters.plane(Layout::means() + k)[i];
  for (uint32_t v = 0; v < camera_count; ++v) rate = fmaxf(rate, core::sampling_rate(cameras[v], mean));
  const float smallest = core::smallest_scale(rate, pixels);
  smallest_scales[i] = smallest;
  for (int k = 0; k < 3; ++k) {
    float& log_scale = parameters.plane(layout.log_scales() + k)[i];
    log_scale = core::limit_log_scale(log_scale, smallest);
  }
}

}  // namespace tame::gpu
