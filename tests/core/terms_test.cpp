// Terms of a step (core/terms.h), and Adam's bias correction by rows, against double and differences.
#include "core/terms.h"

#include "core/adam.h"
#include "test.h"

namespace core = tame::core;
using test::expect_close;
using test::for_cases;
using test::Random;

namespace {

constexpr double kStep = 1e-6;

double used(bool linear, double stored) {
  return core::used_opacity(linear, stored);
}

// A Gaussian's unit rotation, row-major, and scales.
struct Shape {
  float rotation[9], scale[3];
};

Shape random_shape(Random& random) {
  Shape shape;
  float quat[4], unit[4];
  for (float& value : quat) value = float(random.normal());
  core::normalize(quat, unit);
  core::rotation(unit, shape.rotation);
  for (float& value : shape.scale) value = float(random.log_uniform(0.01, 2));
  return shape;
}

double covariance(const Shape& shape, int i, int j) {
  double sum = 0;
  for (int k = 0; k < 3; ++k)
    sum += double(shape.rotation[3 * i + k]) * shape.scale[k] * shape.scale[k] * shape.rotation[3 * j + k];
  return sum;
}

}  // namespace

TEST("opacity_pressure() is the derivative of the pressure times the used opacity") {
  Random random(51);
  for_cases(200, [&](int) {
    const float pressure = float(random.normal());
    for (const bool linear : {false, true}) {
      const double stored =
          linear ? (random.below(2) == 0 ? -1 : 1) * (0.05 + 0.9 * random.uniform(0, 1)) : 3 * random.normal();
      const double slope = (used(linear, stored + kStep) - used(linear, stored - kStep)) / (2 * kStep);
      expect_close("pressure", core::opacity_pressure(linear, false, pressure, stored), pressure * slope,
                   1e-8 * std::fabs(pressure));
    }
    test::expect(core::opacity_pressure(false, true, pressure, 0.7f) == pressure, "a logit's pressure is its gradient");
  });
}

TEST("scale_pressure() is the derivative of the pressure times the scale") {
  Random random(52);
  for_cases(200, [&](int) {
    const float pressure = float(random.normal());
    const double stored = 2 * random.normal();
    const double slope = (std::exp(stored + kStep) - std::exp(stored - kStep)) / (2 * kStep);
    expect_close("pressure", core::scale_pressure(pressure, stored), pressure * slope,
                 1e-8 * std::fabs(pressure * slope));
  });
}

TEST("noise_move() is the covariance times the normals while no coordinate is clamped") {
  Random random(53);
  for_cases(500, [&](int) {
    const Shape shape = random_shape(random);
    const float opacity = float(random.uniform(0, 1)), noise = float(random.log_uniform(1e-3, 1e3));
    float xi[3], move[3];
    for (float& value : xi) value = float(random.normal());
    core::noise_move(noise, opacity, shape.scale, shape.rotation, xi, move);
    const double share = noise / (1 + std::exp(100 * (double(opacity) - 0.005)));
    for (int i = 0; i < 3; ++i) {
      double along = 0;
      for (int j = 0; j < 3; ++j) along += covariance(shape, i, j) * xi[j];
      const double most = std::sqrt(covariance(shape, i, i));
      const double expected = std::max(-most, std::min(most, share * along));
      expect_close("move", move[i], expected,
                   1e-5 * std::max(most * std::min(share, 1.0), std::fabs(expected)) + 1e-30);
    }
  });
}

TEST("noise_move() clamps each coordinate to one standard deviation") {
  Random random(54);
  for_cases(500, [&](int) {
    const Shape shape = random_shape(random);
    float xi[3], move[3];
    for (float& value : xi) value = float(random.normal());
    core::noise_move(1e6f, 0.001f, shape.scale, shape.rotation, xi, move);
    for (int i = 0; i < 3; ++i)
      test::expect(std::fabs(move[i]) <= std::sqrt(covariance(shape, i, i)) * (1 + 1e-6),
                   "a coordinate exceeds its standard deviation");
  });
}

TEST("bias() is 1 - beta^k to float's precision from the first step to the last") {
  for (const double beta : {0.0, 0.5, 0.9, 0.999, 0.999999})
    for (uint32_t k = 1; k != 0; k *= 2) {
      const double expected = -std::expm1(double(k) * std::log(beta));
      // The logarithm's rounding error is multiplied by k, until beta^k vanishes.
      expect_close("bias", core::bias(float(std::log(beta)), k), expected, 3e-7 * expected);
    }
}

TEST("corrected() gives the same step as adam_step()") {
  Random random(55);
  for_cases(200, [&](int) {
    const double rate = random.log_uniform(1e-6, 0.1);
    const uint32_t k = 1 + uint32_t(random.below(20000));
    tame::AdamStep<float> plain = core::adam_step(rate, 0.9, 0.999, 1e-15, k);
    const tame::AdamStep<float> expected = plain;
    plain.step_size = float(rate);
    plain.inverse_bias2_sqrt = 1;
    const tame::AdamStep<float> step =
        core::corrected(plain, core::bias(float(std::log(0.9)), k), core::bias(float(std::log(0.999)), k));
    expect_close("step size", step.step_size, expected.step_size, 1e-6 * expected.step_size);
    expect_close("bias of v", step.inverse_bias2_sqrt, expected.inverse_bias2_sqrt, 1e-6 * expected.inverse_bias2_sqrt);
    test::expect(
        step.beta1 == expected.beta1 && step.complement2 == expected.complement2 && step.epsilon == expected.epsilon,
        "the rest differs");
  });
}
