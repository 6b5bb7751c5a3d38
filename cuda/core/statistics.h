// The density statistics' share of the optimisation: what a Gaussian's gradient counts towards growing.
#pragma once

#include "scalar.h"

namespace tame {
inline namespace TAME_SIMD_LEVEL {
namespace core {

// The length of the gradient with respect to a projected mean, in units of half the image; nearer to the camera than
// `full_depth` it counts less, by the square of the depth. There a small move shifts many pixels, and what grows hangs
// in front of the camera and fits few views (Zhang et al. 2024, Pixel-GS, section on the scaled gradient field).
TAME_FN float density_gradient(const float g_mean2[2], int width, int height, float depth, float full_depth) {
  const float x = g_mean2[0] * 0.5f * float(width), y = g_mean2[1] * 0.5f * float(height);
  const float share = full_depth > 0.f ? minimum(depth / full_depth, 1.f) : 1.f;
  return share * share * sqrt(x * x + y * y);
}

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame
