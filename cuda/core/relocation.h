// Opacities and scales of several Gaussians that stand for one.
#pragma once

#include <cstdint>

#include "activations.h"

namespace tame {
inline namespace TAME_SIMD_LEVEL {
namespace core {

// The opacity o' of which n cover what one of opacity o covers: 1 - o = (1 - o')^n (Bulo et al. 2024, Revising
// Densification in Gaussian Splatting, equation 9). rest: 1 - o.
TAME_FN double shared_rest(double rest, uint32_t n) {
  return -::expm1(::log(rest) / double(n));
}

// What the scales of n Gaussians of opacity `shared` are multiplied by so that along any line through the centre they
// add up to what one of opacity o does (Kheradmand et al. 2024, equation 9). Its double sum over i = 1..n, k < i of
// C(i-1, k) (-1)^k x^(k+1) / sqrt(k+1) is, by sum over i of C(i-1, k) = C(n, k+1), the single one below. The terms
// alternate: up to n = 51 doubles give six digits for any opacity below 1.
TAME_FN double relocation_scale(double o, double shared, uint32_t n) {
  double sum = 0, term = -1;  // (-1)^j C(n, j) x^j
  for (uint32_t j = 1; j <= n; ++j) {
    term *= -shared * double(n - j + 1) / double(j);
    sum += term / ::sqrt(double(j));
  }
  return o / sum;
}

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame
