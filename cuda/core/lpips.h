// What LPIPS (Zhang et al. 2018, version 0.1) does before and after the convolutions.
#pragma once

#include "scalar.h"

namespace tame {
inline namespace TAME_SIMD_LEVEL {
namespace core {

constexpr float kLpipsEpsilon = 1e-10f;  // added to the norm of a pixel's features

// The network's input for a colour: normalised by the mean and standard deviation of ImageNet's colours in -1..1.
// is_signed: 0..1 is mapped to -1..1 first.
TAME_FN float lpips_input(float color, int channel, bool is_signed) {
  const float shift = channel == 0 ? -0.030f : channel == 1 ? -0.088f : -0.188f;
  const float scale = channel == 0 ? 0.458f : channel == 1 ? 0.448f : 0.450f;
  return ((is_signed ? mad(2.f, color, -1.f) : color) - shift) / scale;
}

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame
