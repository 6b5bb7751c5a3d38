// Which rows of planes have a value that is not finite.
#pragma once

#include <cstdint>
#include <cstring>

#include "layout.h"

namespace tame {

// Some planes of floats with a row for each Gaussian.
struct PlaneBlock {
  Planes planes;
  int count;  // of planes
};

// The parameters, both moments and the sums of SH gradients.
constexpr int kMostPlaneBlocks = 4;

namespace core {

// 1 for infinities and NaN, whose exponents have all bits set, else 0: without a branch, so that loops vectorise.
TAME_FN uint32_t is_non_finite(float value) {
  constexpr uint32_t kExponent = 0x7f800000u;
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return uint32_t((bits & kExponent) == kExponent);
}

}  // namespace core
}  // namespace tame
