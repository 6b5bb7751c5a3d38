// Loads one Gaussian from its planes, activated.
#pragma once

#include "kernels.h"

namespace tame::gpu {

struct LoadSh {
  const Planes& parameters;
  uint32_t i;
  __device__ float operator()(int k, int channel) const { return parameters.plane(Layout::sh() + 3 * k + channel)[i]; }
};

struct Loaded {
  float mean[3], scale[3], quat[4], opacity;
};

__device__ __forceinline__ Loaded load_gaussian(const Planes& p, const Layout& layout, uint32_t i) {
  Loaded g;
  for (int k = 0; k < 3; ++k) g.mean[k] = p.plane(Layout::means() + k)[i];
  for (int k = 0; k < 3; ++k) g.scale[k] = core::exp(p.plane(layout.log_scales() + k)[i]);
  for (int k = 0; k < 4; ++k) g.quat[k] = p.plane(layout.quats() + k)[i];
  g.opacity = core::used_opacity(layout.linear_opacity, p.plane(layout.opacity())[i]);
  return g;
}

}  // namespace tame::gpu
