// Sums over the views of a step: balanced binary trees over their places in it, so that the views may be spread over
// devices without a change of a bit.
#pragma once

#include <cstdint>

#include "scalar.h"

namespace tame {

constexpr uint32_t kMostViewsPerStep = 64;

inline namespace TAME_SIMD_LEVEL {
namespace core {

// Sum of n values, a power of two. Overwrites them.
TAME_FN double tree_sum(double* values, uint32_t n) {
  for (uint32_t half = 1; half < n; half *= 2)
    for (uint32_t i = 0; i + half < n; i += 2 * half) values[i] += values[i + half];
  return values[0];
}

// Sums that are complete when the view at a place has its own: over 2, 4, ... views, the last of them of 2^levels.
TAME_FN uint32_t levels_complete(uint32_t place) {
  uint32_t levels = 0;
  while ((place >> levels & 1) != 0) ++levels;
  return levels;
}

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame
