// Statistics of a Gaussian that steps accumulate for densification events.
#pragma once

#include <cstdint>

#include "scalar.h"

namespace tame {

// Planes of a step's gradients after those of the parameters: what the step adds to each statistic, in the order of
// StatisticPlane.
enum StatisticPlane : uint32_t {
  kGradientSum,
  kVisibleSteps,
  kMaxRadius,
  kDensityPlanes,
  kFragmentCount = kDensityPlanes,
  kWeightSum,
  kAbsoluteGradientSum,
  kOpacityGradientSum,
  kOpacityGradientSquareSum,
  kStatisticPlanes,
};
constexpr uint32_t kFragmentPlanes = kStatisticPlanes - kDensityPlanes;

// Sums over the fragments of one (tile, splat) instance, or of a Gaussian in a view: the pixels at which it is blended.
// h is d loss / d log(alpha), absolute_x and _y are of d loss / d 2D mean.
struct FragmentSums {
  float count, weight, absolute_x, absolute_y, h_square;
};

inline namespace TAME_SIMD_LEVEL {
namespace core {

// The norm of the gradient with respect to a 2D mean, in units of half the image. Closer to the camera than
// `full_depth` it is scaled by (depth / full_depth)^2: there a small move changes many pixels, and densification would
// create floaters that fit few views (Zhang et al. 2024, Pixel-GS, section on the scaled gradient field).
TAME_FN float density_gradient(const float g_mean2[2], int width, int height, float depth, float full_depth) {
  const float x = g_mean2[0] * 0.5f * float(width), y = g_mean2[1] * 0.5f * float(height);
  const float share = full_depth > 0.f ? minimum(depth / full_depth, 1.f) : 1.f;
  return share * share * sqrt(x * x + y * y);
}

TAME_FN void add(FragmentSums& sum, const FragmentSums& more) {
  sum.count += more.count;
  sum.weight += more.weight;
  sum.absolute_x += more.absolute_x;
  sum.absolute_y += more.absolute_y;
  sum.h_square += more.h_square;
}

// What a view adds to the statistics of fragments, in the order of StatisticPlane from kFragmentCount on. h: its sum;
// opacity: the used one; largest: the view's largest |d loss / d colour|; absolute: density_gradient of the absolute
// sums. d loss / d opacity of a fragment is h / opacity.
TAME_FN void fragment_statistics(const FragmentSums& sum, float h, float opacity, float largest, float absolute,
                                 float out[kFragmentPlanes]) {
  const float inverse = largest > 0.f ? 1.f / (opacity * largest) : 0.f;
  out[kFragmentCount - kDensityPlanes] = sum.count;
  out[kWeightSum - kDensityPlanes] = sum.weight;
  out[kAbsoluteGradientSum - kDensityPlanes] = absolute;
  out[kOpacityGradientSum - kDensityPlanes] = h * inverse;
  out[kOpacityGradientSquareSum - kDensityPlanes] = sum.h_square * inverse * inverse;
}

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame
