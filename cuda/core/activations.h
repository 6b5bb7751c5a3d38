// Activations of stored parameters and their derivatives: opacity, normalised quaternion.
#pragma once

#include "scalar.h"

namespace tame {
inline namespace TAME_SIMD_LEVEL {
namespace core {

template <class T>
TAME_FN T sigmoid(T x) {
  return T(1) / (T(1) + exp(-x));
}

template <class T>
TAME_FN T logit(T p) {
  return log(p / (T(1) - p));
}

// A stored opacity is a logit or, if linear, a number x with the used opacity min(|x|, 1) ("high opacity", Mallick et
// al. 2024).
template <class T>
TAME_FN T used_opacity(bool linear, T stored) {
  return linear ? minimum(T(1), maximum(stored, -stored)) : sigmoid(stored);
}

// d loss / d stored, from h = d loss / d log(used). Linear: |x| <= 1, so h / x is the derivative; at 1 it is the
// one-sided derivative from below, so that a step can decrease x again.
template <class T>
TAME_FN T opacity_gradient(bool linear, T stored, T used, T h) {
  return linear ? h / stored : h * (T(1) - used);
}

// Clamps a linear x after a step to [-1, 1]. Beyond 1 the gradient of min(|x|, 1) is 0, so x could not come back. NaN
// stays.
template <class T>
TAME_FN T clamp_linear_opacity(T x) {
  return maximum(T(-1), minimum(T(1), x));
}

// Stored value of a used opacity, clamped away from 0 and 1.
TAME_FN float store_opacity(bool linear, float used) {
  const float clamped = clamp(used, 1e-6f, 1.f - 1e-6f);
  return linear ? clamped : logit(clamped);
}

// The logit of a linear x, finite at 0 and 1.
TAME_FN float logit_of_linear(float x) {
  return store_opacity(false, maximum(x, -x));
}

// The stored opacity o' such that two Gaussians are together as opaque as one of opacity o: 1 - o = (1 - o')^2 (Bulo et
// al. 2024, Revising Densification in Gaussian Splatting, equation 9). Clamped away from 0 and 1.
TAME_FN float shared_opacity(bool linear, float x) {
  const float rest = sqrt(linear ? 1.f - used_opacity(true, x) : sigmoid(-x));
  return store_opacity(linear, used_opacity(linear, x) / (1.f + rest));
}

// unit = q / max(|q|, 1e-12); returns 1 / max(|q|, 1e-12).
template <class T>
TAME_FN T normalize(const T q[4], T unit[4]) {
  const T length = sqrt(mad(q[0], q[0], mad(q[1], q[1], mad(q[2], q[2], q[3] * q[3]))));
  const T inverse = T(1) / maximum(length, T(1e-12f));
  for (int k = 0; k < 4; ++k) unit[k] = q[k] * inverse;
  return inverse;
}

// Gradient of the stored quaternion from that of the unit quaternion: (g - u (u.g)) / |q|.
template <class T>
TAME_FN void normalize_backward(const T unit[4], T inverse, const T g_unit[4], T g[4]) {
  const T along = mad(unit[0], g_unit[0], mad(unit[1], g_unit[1], mad(unit[2], g_unit[2], unit[3] * g_unit[3])));
  for (int k = 0; k < 4; ++k) g[k] = (g_unit[k] - unit[k] * along) * inverse;
}

// Rotation matrix, row-major, of a unit quaternion (w, x, y, z).
template <class T>
TAME_FN void rotation(const T q[4], T r[9]) {
  const T w = q[0], x = q[1], y = q[2], z = q[3];
  r[0] = T(1) - T(2) * (y * y + z * z);
  r[1] = T(2) * (x * y - w * z);
  r[2] = T(2) * (x * z + w * y);
  r[3] = T(2) * (x * y + w * z);
  r[4] = T(1) - T(2) * (x * x + z * z);
  r[5] = T(2) * (y * z - w * x);
  r[6] = T(2) * (x * z - w * y);
  r[7] = T(2) * (y * z + w * x);
  r[8] = T(1) - T(2) * (x * x + y * y);
}

// g[4] = derivative of sum(g_r * r) with respect to the unit quaternion's four entries, treated as independent.
template <class T>
TAME_FN void rotation_backward(const T q[4], const T g_r[9], T g[4]) {
  const T w = q[0], x = q[1], y = q[2], z = q[3];
  g[0] = T(2) * (x * (g_r[7] - g_r[5]) + y * (g_r[2] - g_r[6]) + z * (g_r[3] - g_r[1]));
  g[1] = T(2) * (y * (g_r[1] + g_r[3]) + z * (g_r[2] + g_r[6]) + w * (g_r[7] - g_r[5])) - T(4) * x * (g_r[4] + g_r[8]);
  g[2] = T(2) * (x * (g_r[1] + g_r[3]) + z * (g_r[5] + g_r[7]) + w * (g_r[2] - g_r[6])) - T(4) * y * (g_r[0] + g_r[8]);
  g[3] = T(2) * (x * (g_r[2] + g_r[6]) + y * (g_r[5] + g_r[7]) + w * (g_r[3] - g_r[1])) - T(4) * z * (g_r[0] + g_r[4]);
}

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame
