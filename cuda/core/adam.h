// Adam (Kingma and Ba 2015, algorithm 1).
#pragma once

#include <cstdint>

#include "scalar.h"

namespace tame {

// Plain data shared by the SIMD levels' units, so in no level's namespace.
template <class S>
struct AdamStep {
  S beta1, beta2, epsilon;
  S complement1, complement2;  // 1 - beta, rounded from float64: in float the error is 5e-5 for beta2 = 0.999
  S step_size;                 // learning rate / (1 - beta1^k)
  S inverse_bias2_sqrt;        // 1 / sqrt(1 - beta2^k)
};

inline namespace TAME_SIMD_LEVEL {
namespace core {

// k: 1-based step count of this parameter group. In double: 1 - beta^k loses digits in float for small k.
TAME_FN AdamStep<float> adam_step(double learning_rate, double beta1, double beta2, double epsilon, double k) {
  AdamStep<float> s;
  s.beta1 = float(beta1);
  s.beta2 = float(beta2);
  s.epsilon = float(epsilon);
  s.complement1 = float(1.0 - beta1);
  s.complement2 = float(1.0 - beta2);
  s.step_size = float(learning_rate / (1.0 - ::pow(beta1, k)));
  s.inverse_bias2_sqrt = float(1.0 / ::sqrt(1.0 - ::pow(beta2, k)));
  return s;
}

// 1 - beta^k from log(beta), for 0 <= beta < 1 and k > 0.
TAME_FN float bias(float log_beta, uint32_t k) {
  return -::expm1f(float(k) * log_beta);
}

// Adds bias correction by 1 - beta1^k and 1 - beta2^k of each row to a step without.
template <class T>
TAME_FN AdamStep<T> corrected(const AdamStep<float>& s, T bias1, T bias2) {
  return {T(s.beta1),        T(s.beta2), T(s.epsilon), T(s.complement1), T(s.complement2), T(s.step_size) / bias1,
          T(1) / sqrt(bias2)};
}

template <class T, class S>
TAME_FN void adam(const AdamStep<S>& s, T gradient, T& value, T& m, T& v) {
  m = mad(T(s.beta1), m, T(s.complement1) * gradient);
  v = mad(T(s.beta2), v, T(s.complement2) * gradient * gradient);
  value = value - T(s.step_size) * m / mad(sqrt(v), T(s.inverse_bias2_sqrt), T(s.epsilon));
}

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame
