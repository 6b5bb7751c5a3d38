// Sigmoid, logit, quaternion normalisation, rotation: core/activations.h.
#include "core/activations.h"

#include "test.h"

namespace core = tame::core;
using test::expect;
using test::expect_block;
using test::expect_close;
using test::expect_gradient;
using test::for_cases;
using test::Random;

namespace {

void random_quaternion(Random& random, double q[4]) {
  const double length = random.log_uniform(0.05, 20);
  double sum = 0;
  for (int k = 0; k < 4; ++k) {
    q[k] = random.normal();
    sum += q[k] * q[k];
  }
  for (int k = 0; k < 4; ++k) q[k] *= length / std::sqrt(sum);
}

double weighted(const double* a, const double* w, int n) {
  double sum = 0;
  for (int k = 0; k < n; ++k) sum += a[k] * w[k];
  return sum;
}

}  // namespace

TEST("sigmoid() saturates without NaN when its argument is huge") {
  expect(core::sigmoid(-1000.0) == 0 && core::sigmoid(1000.0) == 1, "double");
  expect(core::sigmoid(-1000.f) == 0 && core::sigmoid(1000.f) == 1, "float");
}

TEST("logit() and sigmoid() are inverse functions") {
  Random random(1);
  for_cases(400, [&](int) {
    const double x = random.uniform(-15, 15);
    // The relative rounding error of 1 - p is e^x times larger.
    expect_close("logit(sigmoid(x))", core::logit(core::sigmoid(x)), x, 4e-16 * (4 + std::exp(x)));
    const double p = random.uniform(1e-6, 1 - 1e-6);
    expect_close("sigmoid(logit(p))", core::sigmoid(core::logit(p)), p, 1e-14);
    const double direct = std::log(p) - std::log1p(-p);
    expect_close("logit(p)", core::logit(p), direct, 1e-10);
  });
}

TEST("used_opacity() is the sigmoid of a logit, and min(|x|, 1) of a linear x") {
  for (const double x : {-3.0, -1.0, -0.4, 0.0, 0.25, 1.0, 1.5}) {
    expect(core::used_opacity(false, x) == core::sigmoid(x), "logit");
    expect(core::used_opacity(true, x) == std::min(std::fabs(x), 1.0), "linear");
  }
  const float nan = std::numeric_limits<float>::quiet_NaN();
  expect(std::isnan(core::used_opacity(true, nan)) && std::isnan(core::clamp_linear_opacity(nan)), "NaN must stay");
}

TEST("opacity_gradient() is the derivative of log(used_opacity()), in both modes and on both sides of 0") {
  for_cases(198, [](int i) {
    const double x = -0.985 + 0.01 * i, h = 1.7;
    for (const bool linear : {false, true}) {
      if (linear && std::fabs(x) < 0.01) continue;
      const auto value = [&](double at) { return h * std::log(core::used_opacity(linear, at)); };
      const double expected = test::derivative(value, x, linear ? 0.1 * std::min(std::fabs(x), 1 - std::fabs(x)) : 0.1);
      const double actual = core::opacity_gradient(linear, x, core::used_opacity(linear, x), h);
      expect_close("gradient", actual, expected, 1e-8 * std::fabs(expected) + 1e-10);
    }
  });
  // At the bound it is the one-sided derivative from inside, so that a step can leave it.
  expect(core::opacity_gradient(true, 1.0, 1.0, 2.0) == 2 && core::opacity_gradient(true, -1.0, 1.0, 2.0) == -2,
         "at 1");
}

TEST("clamp_linear_opacity() and logit_of_linear() stay within their ranges") {
  for (const float x : {-7.f, -1.f, -0.5f, 0.f, 0.5f, 1.f, 7.f}) {
    expect(core::clamp_linear_opacity(x) == std::min(std::max(x, -1.f), 1.f), "clamped");
    const double used = std::min(std::max(double(std::fabs(x)), 1e-6), 1 - 1e-6);
    expect_close("logit", core::logit_of_linear(x), std::log(used / (1 - used)), 0.05);  // 1 - 1e-6 in float
  }
}

// Bulo et al. 2024, equation 9: two of o' transmit (1 - o')^2 of the light, one of o transmits 1 - o.
TEST("shared_opacity() of two Gaussians transmits as much light as one") {
  for_cases(241, [](int i) {
    const float x = -12.f + 0.1f * float(i);
    const float stored = core::shared_opacity(false, x);
    const double left = core::sigmoid(-double(stored)), expected = core::sigmoid(-double(x));
    expect(std::isfinite(stored) && stored < x, "logit");
    expect_close("transmitted light", left * left, expected, 2e-4 * expected);
    // 1 - (1 - o')^2 without the difference.
    const double shared = core::sigmoid(double(stored)), one = core::sigmoid(double(x));
    expect_close("covered", shared * (2 - shared), one, 2e-6 * one);
  });
  for_cases(201, [](int i) {
    const float x = float(i - 100) / 100.f;
    const float shared = core::shared_opacity(true, x);
    expect(shared > 0 && shared < 1, "linear, in range");
    expect_close("covered", double(shared) * (2 - double(shared)), std::fabs(double(x)), 2.1e-6);
  });
}

TEST("shared_opacity() is finite when the opacity is 0 or 1") {
  for (const float x : {-1000.f, -88.f, 88.f, 1000.f}) {
    const float stored = core::shared_opacity(false, x);
    expect(std::isfinite(stored) && (stored > 0) == (x > 0), "logit");
  }
  for (const float x : {-7.f, -1.f, 0.f, 1.f, 7.f}) {
    const float shared = core::shared_opacity(true, x);
    expect(std::isfinite(core::logit_of_linear(shared)) && shared > 0 && shared < 1, "linear");
  }
}

TEST("normalize() gives a unit quaternion and the inverse length") {
  Random random(2);
  for_cases(200, [&](int) {
    double q[4], unit[4];
    random_quaternion(random, q);
    const double inverse = core::normalize(q, unit);
    expect_close("length", std::sqrt(weighted(unit, unit, 4)), 1, 1e-15);
    for (int k = 0; k < 4; ++k) expect_close("unit / inverse", unit[k] / inverse, q[k], 1e-14 * std::fabs(q[k]));
  });
  const double zero[4] = {};
  double unit[4];
  expect(core::normalize(zero, unit) > 0 && test::largest(unit, 4) == 0, "the zero quaternion must stay 0, not NaN");
}

TEST("normalize_backward() is the derivative of normalize()") {
  Random random(3);
  for_cases(300, [&](int) {
    double q[4], unit[4], w[4], g[4], steps[4];
    random_quaternion(random, q);
    for (double& each : w) each = random.normal();
    const double inverse = core::normalize(q, unit);
    core::normalize_backward(unit, inverse, w, g);
    std::fill(steps, steps + 4, 0.02 / inverse);
    expect_gradient("gradient", g, q, 4, steps, 1e-9, 1e-13, [&] {
      double moved[4];
      core::normalize(q, moved);
      return weighted(moved, w, 4);
    });
  });
}

TEST("rotation() rotates vectors as the quaternion product does") {
  Random random(4);
  for_cases(200, [&](int) {
    double q[4], unit[4], r[9];
    random_quaternion(random, q);
    core::normalize(q, unit);
    core::rotation(unit, r);
    for (int column = 0; column < 3; ++column) {
      // q (0, e) q*, for the basis vector e: (w^2 - |v|^2) e + 2 (v.e) v + 2 w (v x e).
      const double *v = unit + 1, w = unit[0], vv = weighted(v, v, 3);
      for (int row = 0; row < 3; ++row) {
        const int next = (column + 1) % 3, last = (column + 2) % 3;
        const double cross = row == next ? v[last] : row == last ? -v[next] : 0;
        const double expected = (row == column ? w * w - vv : 0) + 2 * v[column] * v[row] + 2 * w * cross;
        expect_close(test::text("r[%d][%d]", row, column), r[3 * row + column], expected, 1e-14);
      }
    }
  });
}

TEST("rotation_backward() is the derivative of rotation() with four independent entries") {
  Random random(5);
  const double steps[4] = {0.05, 0.05, 0.05, 0.05};
  for_cases(300, [&](int) {
    double q[4], w[9], g[4];
    for (double& each : q) each = random.normal();
    for (double& each : w) each = random.normal();
    core::rotation_backward(q, w, g);
    expect_gradient("gradient", g, q, 4, steps, 1e-10, 1e-13, [&] {
      double r[9];
      core::rotation(q, r);
      return weighted(r, w, 9);
    });
  });
}

TEST("rotation_backward() and normalize_backward() give the stored quaternion's gradient") {
  Random random(6);
  for_cases(300, [&](int) {
    double q[4], unit[4], w[9], g_unit[4], g[4], steps[4];
    random_quaternion(random, q);
    for (double& each : w) each = random.normal();
    const double inverse = core::normalize(q, unit);
    core::rotation_backward(unit, w, g_unit);
    core::normalize_backward(unit, inverse, g_unit, g);
    std::fill(steps, steps + 4, 0.02 / inverse);
    expect_gradient("gradient", g, q, 4, steps, 1e-9, 1e-13, [&] {
      double moved[4], r[9];
      core::normalize(q, moved);
      core::rotation(moved, r);
      return weighted(r, w, 9);
    });
  });
}

TEST("activations in float agree with double to 1e-6") {
  Random random(7);
  for_cases(300, [&](int) {
    const float x = float(random.uniform(-15, 15));
    const double wide = core::sigmoid(double(x));
    expect_close("sigmoid", core::sigmoid(x), wide, 1e-6 * wide);
    float q[4], unit[4], r[9], w[9], g_unit[4], g[4];
    double q2[4], unit2[4], r2[9], w2[9], g_unit2[4], g2[4];
    random_quaternion(random, q2);
    for (int k = 0; k < 4; ++k) q2[k] = q[k] = float(q2[k]);
    for (int k = 0; k < 9; ++k) w2[k] = w[k] = float(random.normal());
    const float inverse = core::normalize(q, unit);
    const double inverse2 = core::normalize(q2, unit2);
    core::rotation(unit, r);
    core::rotation(unit2, r2);
    core::rotation_backward(unit, w, g_unit);
    core::rotation_backward(unit2, w2, g_unit2);
    core::normalize_backward(unit, inverse, g_unit, g);
    core::normalize_backward(unit2, inverse2, g_unit2, g2);
    expect_block("unit", unit, unit2, 4, 1e-6);
    expect_block("rotation", r, r2, 9, 0, 1e-6);
    // Entries of the gradient are sums of terms up to 4 |w|, which may cancel.
    const double terms = 4 * test::largest(w2, 9);
    expect_block("gradient of the unit quaternion", g_unit, g_unit2, 4, 0, 1e-6 * terms);
    expect_block("gradient", g, g2, 4, 0, 2e-6 * terms * inverse2);
  });
}
