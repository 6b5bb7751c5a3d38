// Sums over the views of a step: balanced binary trees in the order of the views, so that the views can be spread over
// devices without changing a bit.
#pragma once

#include <cstdint>

#include "layout.h"

namespace tame {

constexpr uint32_t kMostViewsPerStep = 64;
constexpr uint32_t kMostTerms = 7;  // of a GradientSum: 1 + log2(kMostViewsPerStep)

// A sum of gradients that the current view completes: its own, and sums over 1, 2, 4 ... views before it.
struct GradientSum {
  Planes terms[kMostTerms];
  uint32_t count;  // of the terms
  Planes to;       // may be the first term
  int planes;
  int maximum;     // this plane is a maximum, not a sum
  int parameters;  // planes before this one are multiplied by `scale` after the sum
  float scale;
};

inline namespace TAME_SIMD_LEVEL {
namespace core {

// Sum of n values; n is a power of two. Overwrites them.
TAME_FN double tree_sum(double* values, uint32_t n) {
  for (uint32_t half = 1; half < n; half *= 2)
    for (uint32_t i = 0; i + half < n; i += 2 * half) values[i] += values[i + half];
  return values[0];
}

// The largest `levels` such that the view at `place` completes a sum over 2^levels views.
TAME_FN uint32_t levels_complete(uint32_t place) {
  uint32_t levels = 0;
  while ((place >> levels & 1) != 0) ++levels;
  return levels;
}

// The sum at some rows of a plane; load returns a term's values there.
template <class T, class Load>
TAME_FN T summed_gradients(const GradientSum& sum, int plane, const Load& load) {
  T value = load(sum.terms[0].plane(plane));
  for (uint32_t k = 1; k < sum.count; ++k) {
    const T term = load(sum.terms[k].plane(plane));
    value = plane == sum.maximum ? maximum(value, term) : value + term;
  }
  return plane < sum.parameters ? value * T(sum.scale) : value;
}

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame
