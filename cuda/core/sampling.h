// The smallest scale of a Gaussian: no detail is finer than what some view resolves (Yu et al. 2024, Mip-Splatting,
// section 4.1). Here it bounds the scales that are trained, instead of being added to them in each render.
#pragma once

#include "projection.h"

namespace tame {
inline namespace TAME_SIMD_LEVEL {
namespace core {

// Pixels of a view per world unit at a mean; 0 if it is not in front of the near plane, or beyond the guard.
template <class T, class S>
TAME_FN T sampling_rate(const Camera<S>& c, const T mean[3]) {
  T t[3];
  for (int k = 0; k < 3; ++k)
    t[k] = mad(T(c.rotation[3 * k]), mean[0],
               mad(T(c.rotation[3 * k + 1]), mean[1], mad(T(c.rotation[3 * k + 2]), mean[2], T(c.translation[k]))));
  const T inverse_z = T(1) / t[2];
  Mask<T> seen = t[2] > T(c.near_plane);
  for (int i = 0; i < 2; ++i) {
    const T ratio = t[i] * inverse_z;
    seen = seen & (ratio >= T(c.guard_low[i])) & (ratio <= T(c.guard_high[i]));
  }
  return select(seen, T(c.fx > c.fy ? c.fx : c.fy) * inverse_z, T(0));
}

// rate: the highest sampling rate of all views. 0 means no bound: no view sees the Gaussian.
template <class T>
TAME_FN T smallest_scale(T rate, float pixels) {
  return select(rate > T(0), T(pixels) / rate, T(0));
}

template <class T>
TAME_FN T limit_log_scale(T log_scale, T smallest) {
  const T low = log(smallest);
  return select((smallest > T(0)) & (log_scale < low), low, log_scale);
}

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame
