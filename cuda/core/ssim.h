// Structural similarity (Wang et al. 2004): an 11-tap Gaussian window of sigma 1.5, and the derivatives of a map value;
// applying the same window to them gives the gradient.
#pragma once

#include "scalar.h"

namespace tame {
inline namespace TAME_SIMD_LEVEL {
namespace core {

constexpr int kWindowRadius = 5;
constexpr double kC1Ssim = 0.01 * 0.01, kC2Ssim = 0.03 * 0.03;

// exp(-d^2 / (2 1.5^2)), normalised over d = -5 .. 5; entry d holds the weight at distance d.
template <class T>
TAME_FN T window_weight(int distance) {
  constexpr double weights[kWindowRadius + 1] = {0.26601171493530273,  0.21300552785396576,   0.10936068743467331,
                                                 0.036000773310661316, 0.0075987582094967365, 0.001028380123898387};
  return T(weights[distance]);
}

template <class T>
struct SsimTerms {
  T value;   // of the map
  T d_mean;  // derivative with respect to the windowed mean of x, at fixed second moments E[x^2], E[xy]
  T d_xx;    // ... to the windowed E[x^2]
  T d_xy;    // ... to the windowed E[xy]
};

// What the terms divide by: U, Z and U Z. A backend may have a faster form with the same results.
template <class T>
struct SsimDivisors {
  T z, by_u, by_z, by_uz;  // Z and the reciprocals

  TAME_FN SsimDivisors(T u, T z) : z(z), by_u(T(1) / u), by_z(T(1) / z), by_uz(T(1) / (u * z)) {}
  TAME_FN T over_z(T x) const { return x / z; }
};

// mx, my, mxx_myy, mxy: windowed means of x, y, x^2 + y^2, xy.
template <class T, class Divisors = SsimDivisors<T>>
TAME_FN SsimTerms<T> ssim_terms(T mx, T my, T mxx_myy, T mxy) {
  const T c1 = T(kC1Ssim), c2 = T(kC2Ssim), two = T(2);
  const T mx2 = mx * mx, my2 = my * my, mxmy = mx * my;
  const T P = two * mxmy + c1, Q = two * (mxy - mxmy) + c2;
  const T U = mx2 + my2 + c1;
  // Rounding may make the variances negative; c2 keeps Z positive in exact arithmetic.
  const T Z = maximum(mxx_myy - (mx2 + my2), T(0)) + c2;
  const Divisors divisors(U, Z);
  SsimTerms<T> s;
  s.value = P * Q * divisors.by_uz;
  s.d_mean = two * divisors.by_uz * (my * (Q - P) + mx * P * Q * (divisors.by_z - divisors.by_u));
  s.d_xx = -divisors.over_z(s.value);
  s.d_xy = two * P * divisors.by_uz;
  return s;
}

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame
