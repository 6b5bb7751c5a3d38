// Sums over the views of a step: balanced binary trees over their places in it, so that the views may be spread over
// devices without a change of a bit.
#pragma once

#include <cstdint>

#include "layout.h"

namespace tame {

constexpr uint32_t kMostViewsPerStep = 64;
constexpr uint32_t kMostTerms = 7;  // of a sum below: 1 + log2(kMostViewsPerStep)

// A sum of gradients, complete with the view at hand: its own, and sums over 1, 2, 4 ... views before it.
struct GradientSum {
  Planes terms[kMostTerms];
  uint32_t count;  // of the terms
  Planes to;       // may be the first term
  int planes;
  int maximum;     // of this plane the largest is taken
  int parameters;  // planes before this one are multiplied by `scale`, after the sum
  float scale;
};

inline namespace TAME_SIMD_LEVEL {
namespace core {

// Sum of n values, a power of two. Overwrites them.
TAME_FN double tree_sum(double* values, uint32_t n) {
  for (uint32_t half = 1; half < n; half *= 2)
    for (uint32_t i = 0; i + half < n; i += 2 * half) values[i] += values[i + half];
  return values[0];
}

// The sum over 2^levels views is complete with the view at `place`.
TAME_FN uint32_t levels_complete(uint32_t place) {
  uint32_t levels = 0;
  while ((place >> levels & 1) != 0) ++levels;
  return levels;
}

// The sum at some rows of a plane; load gives a term's values there.
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
