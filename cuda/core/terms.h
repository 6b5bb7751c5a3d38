// Terms that a step can add to the loss's gradient, and to the means after Adam.
#pragma once

#include <cstdint>

#include "activations.h"
#include "layout.h"
#include "philox.h"

namespace tame {
inline namespace TAME_SIMD_LEVEL {
namespace core {

constexpr float kNoiseSlope = 100.f, kNoiseOpacity = 0.005f;

// Gradient of the loss term pressure * opacity with respect to the stored opacity. of_logit: the pressure itself is the
// gradient of the logit.
template <class T>
TAME_FN T opacity_pressure(bool linear, bool of_logit, float pressure, T stored) {
  if (linear) return select(stored < T(0), T(-pressure), T(pressure));
  if (of_logit) return T(pressure);
  const T used = sigmoid(stored);
  return T(pressure) * used * (T(1) - used);
}

// Gradient of the loss term pressure * scale with respect to the log-scale.
template <class T>
TAME_FN T scale_pressure(float pressure, T log_scale) {
  return T(pressure) * exp(log_scale);
}

// noise * sigmoid(-100 (opacity - 0.005)) * covariance * xi, each coordinate clamped to one standard deviation
// (Kheradmand et al. 2024, section 3.2). xi: standard normals.
TAME_FN void noise_move(float noise, float opacity, const float scale[3], const float unit_rotation[9],
                        const float xi[3], float move[3]) {
  const float share = noise * sigmoid(-kNoiseSlope * (opacity - kNoiseOpacity));
  float along[3];  // covariance = R diag(scale^2) R^T
  for (int j = 0; j < 3; ++j)
    along[j] =
        scale[j] * scale[j] * (unit_rotation[j] * xi[0] + unit_rotation[3 + j] * xi[1] + unit_rotation[6 + j] * xi[2]);
  for (int k = 0; k < 3; ++k) {
    const float* row = unit_rotation + 3 * k;
    float variance = 0.f;
    for (int j = 0; j < 3; ++j) variance += row[j] * scale[j] * (row[j] * scale[j]);
    const float most = sqrt(variance);
    move[k] = clamp(share * dot3(row, along), -most, most);
  }
}

// Adds noise to the mean of a Gaussian.
TAME_FN void add_noise(const Planes& p, const Layout& layout, uint32_t i, float noise, uint64_t seed,
                       uint32_t iteration) {
  const Philox draw = philox(seed, TAME_STREAM_NOISE, iteration, i);
  float xi[4], scale[3], quat[4], unit[4], r[9], move[3];
  normals(draw.words[0], draw.words[1], xi);
  normals(draw.words[2], draw.words[3], xi + 2);
  for (int k = 0; k < 3; ++k) scale[k] = exp(p.plane(layout.log_scales() + k)[i]);
  for (int k = 0; k < 4; ++k) quat[k] = p.plane(layout.quats() + k)[i];
  normalize(quat, unit);
  rotation(unit, r);
  noise_move(noise, used_opacity(layout.linear_opacity, p.plane(layout.opacity())[i]), scale, r, xi, move);
  for (int k = 0; k < 3; ++k) p.plane(Layout::means() + k)[i] += move[k];
}

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame
