// The optimiser's step: core/adam.h against algorithm 1 of Kingma and Ba 2015, written out in double.
#include "core/adam.h"

#include "test.h"

namespace core = tame::core;
using test::expect_close;
using test::for_cases;
using test::Random;

namespace {

constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEpsilon = 1e-15;
constexpr int kSteps = 40;

struct Reference {
  double value, m = 0, v = 0;
  void step(double gradient, double learning_rate, int k) {
    m = kBeta1 * m + (1 - kBeta1) * gradient;
    v = kBeta2 * v + (1 - kBeta2) * gradient * gradient;
    const double m_hat = m / (1 - std::pow(kBeta1, k)), v_hat = v / (1 - std::pow(kBeta2, k));
    value -= learning_rate * m_hat / (std::sqrt(v_hat) + kEpsilon);
  }
};

tame::AdamStep<double> double_step(double learning_rate, int k) {
  return {kBeta1,
          kBeta2,
          kEpsilon,
          1 - kBeta1,
          1 - kBeta2,
          learning_rate / (1 - std::pow(kBeta1, k)),
          1 / std::sqrt(1 - std::pow(kBeta2, k))};
}

}  // namespace

TEST("adam() follows algorithm 1 over many steps in double") {
  Random random(31);
  for_cases(100, [&](int) {
    const double learning_rate = random.log_uniform(1e-6, 0.1), magnitude = random.log_uniform(1e-12, 1e3);
    double value = random.normal(), m = 0, v = 0;
    Reference reference{value};
    for (int k = 1; k <= kSteps; ++k) {
      // Some gradients are 0: then momentum alone changes the value.
      const double gradient = random.below(4) == 0 ? 0 : magnitude * random.normal();
      core::adam(double_step(learning_rate, k), gradient, value, m, v);
      reference.step(gradient, learning_rate, k);
      expect_close("value", value, reference.value, 1e-12 * (std::fabs(reference.value) + k * learning_rate));
      expect_close("m", m, reference.m, 1e-13 * magnitude);
      expect_close("v", v, reference.v, 1e-13 * magnitude * magnitude);
    }
  });
}

TEST("adam() does not change a value whose gradient was always 0") {
  double value = 0.75, m = 0, v = 0;
  for (int k = 1; k <= 3; ++k) core::adam(double_step(0.1, k), 0.0, value, m, v);
  test::expect(value == 0.75 && m == 0 && v == 0, "the value or a moment changed");
}

TEST("adam_step() rounds only its results to float") {
  Random random(32);
  for_cases(200, [&](int) {
    const double learning_rate = random.log_uniform(1e-8, 0.1);
    const int k = 1 + random.below(40000);
    const tame::AdamStep<float> s = core::adam_step(learning_rate, kBeta1, kBeta2, kEpsilon, k);
    const tame::AdamStep<double> wide = double_step(learning_rate, k);
    expect_close("step size", s.step_size, wide.step_size, 6e-8 * wide.step_size);
    expect_close("bias of v", s.inverse_bias2_sqrt, wide.inverse_bias2_sqrt, 6e-8 * wide.inverse_bias2_sqrt);
    expect_close("1 - beta1", s.complement1, 1 - kBeta1, 6e-8 * (1 - kBeta1));
    expect_close("1 - beta2", s.complement2, 1 - kBeta2, 6e-8 * (1 - kBeta2));
    expect_close("beta1", s.beta1, kBeta1, 6e-8);
    expect_close("beta2", s.beta2, kBeta2, 6e-8);
    expect_close("epsilon", s.epsilon, kEpsilon, 6e-8 * kEpsilon);
  });
}

TEST("adam() in float agrees with double to 5e-5 of the step") {
  // 1 - 0.999f is 4.7e-5 from 0.001, so v is too, and the move, through the root, half of that.
  Random random(33);
  for_cases(200, [&](int) {
    const double learning_rate = random.log_uniform(1e-5, 0.1), magnitude = random.log_uniform(1e-12, 1e3);
    float value = 0, m = 0, v = 0;
    Reference reference{0};
    double path = 0;
    for (int k = 1; k <= kSteps; ++k) {
      const float gradient = float(magnitude * random.normal());
      core::adam(core::adam_step(learning_rate, kBeta1, kBeta2, kEpsilon, k), gradient, value, m, v);
      const double before = reference.value;
      reference.step(gradient, learning_rate, k);
      path += std::fabs(reference.value - before);
      expect_close("value", value, reference.value, 5e-5 * path);
    }
  });
}
