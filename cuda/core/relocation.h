// Opacities and scales of several Gaussians that replace one.
#pragma once

#include <cstdint>

#include "activations.h"

namespace tame {
inline namespace TAME_SIMD_LEVEL {
namespace core {

// The opacity o' such that n Gaussians are together as opaque as one of opacity o: 1 - o = (1 - o')^n (Bulo et al.
// 2024, Revising Densification in Gaussian Splatting, equation 9). rest: 1 - o.
TAME_FN double split_opacity(double rest, uint32_t n) {
  return -::expm1(::log(rest) / double(n));
}

// Factor for the scales of n Gaussians of opacity `shared` such that their integral along any line through the centre
// equals that of one Gaussian of opacity o (Kheradmand et al. 2024, equation 9). The equation's double sum over
// i = 1..n, k < i of C(i-1, k) (-1)^k x^(k+1) / sqrt(k+1) reduces to the single sum below by sum over i of
// C(i-1, k) = C(n, k+1). The terms alternate: up to n = 51 doubles give six digits for any opacity below 1.
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
