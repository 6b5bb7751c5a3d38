// Colour from spherical harmonics and its derivatives: core/sh.h.
#include "core/sh.h"

#include "test.h"

namespace core = tame::core;
using test::expect;
using test::expect_block;
using test::expect_close;
using test::expect_gradient;
using test::for_cases;
using test::Random;

namespace {

void random_direction(Random& random, double d[3]) {
  double sum = 0;
  for (int k = 0; k < 3; ++k) {
    d[k] = random.normal();
    sum += d[k] * d[k];
  }
  for (int k = 0; k < 3; ++k) d[k] /= std::sqrt(sum);
}

// Real spherical harmonic (l, m), with the Condon-Shortley phase, from the associated Legendre recurrence.
double harmonic(int l, int m, const double d[3]) {
  const int order = std::abs(m);
  const double z = d[2], s = std::sqrt(d[0] * d[0] + d[1] * d[1]), phi = std::atan2(d[1], d[0]);
  double p = 1;  // P_order^order
  for (int k = 1; k <= order; ++k) p *= -(2 * k - 1) * s;
  double below = 0;
  for (int degree = order + 1; degree <= l; ++degree) {
    const double next = ((2 * degree - 1) * z * p - (degree + order - 1) * below) / (degree - order);
    below = p;
    p = next;
  }
  double norm = (2 * l + 1) / (4 * M_PI);
  for (int k = l - order + 1; k <= l + order; ++k) norm /= k;
  const double turn = m == 0 ? 1 : std::sqrt(2.0) * (m > 0 ? std::cos(order * phi) : std::sin(order * phi));
  return std::sqrt(norm) * p * turn;
}

struct Coefficients {
  double value[core::kMaxShCoefficients][3];
  double operator()(int k, int channel) const { return value[k][channel]; }
};

Coefficients random_coefficients(Random& random) {
  Coefficients c;
  for (auto& each : c.value)
    for (double& channel : each) channel = random.normal();
  return c;
}

}  // namespace

TEST("sh_basis() gives the real spherical harmonics in the order l^2 + l + m") {
  Random random(71);
  for_cases(300, [&](int) {
    double d[3], y[core::kMaxShCoefficients];
    random_direction(random, d);
    core::sh_basis(core::kMaxShDegree, d, y);
    for (int l = 0; l <= core::kMaxShDegree; ++l)
      for (int m = -l; m <= l; ++m)  // the constants are floats
        expect_close(test::text("Y(%d, %d)", l, m), y[l * l + l + m], harmonic(l, m, d), 2e-7);
  });
}

TEST("sh_basis() is orthonormal over the sphere") {
  // Gauss-Legendre in z and equal steps around it: exact for the products, which are of degree 6.
  const double z[4] = {-0.8611363115940526, -0.3399810435848563, 0.3399810435848563, 0.8611363115940526};
  const double weight[4] = {0.3478548451374538, 0.6521451548625461, 0.6521451548625461, 0.3478548451374538};
  constexpr int kAround = 8, kCount = core::kMaxShCoefficients;
  double product[kCount][kCount] = {};
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < kAround; ++j) {
      const double s = std::sqrt(1 - z[i] * z[i]), phi = 2 * M_PI * (j + 0.25) / kAround;
      const double d[3] = {s * std::cos(phi), s * std::sin(phi), z[i]};
      double y[kCount];
      core::sh_basis(core::kMaxShDegree, d, y);
      for (int a = 0; a < kCount; ++a)
        for (int b = 0; b < kCount; ++b) product[a][b] += weight[i] * 2 * M_PI / kAround * y[a] * y[b];
    }
  for (int a = 0; a < kCount; ++a)
    for (int b = 0; b < kCount; ++b) expect_close(test::text("<Y%d, Y%d>", a, b), product[a][b], a == b ? 1 : 0, 3e-7);
}

TEST("sh_basis() writes only the coefficients of its degree") {
  Random random(72);
  for (int degree = 0; degree <= core::kMaxShDegree; ++degree) {
    double d[3], y[core::kMaxShCoefficients], full[core::kMaxShCoefficients];
    random_direction(random, d);
    std::fill(y, y + core::kMaxShCoefficients, 7.0);
    core::sh_basis(degree, d, y);
    core::sh_basis(core::kMaxShDegree, d, full);
    for (int k = 0; k < core::kMaxShCoefficients; ++k)
      expect(y[k] == (k < core::sh_coefficients(degree) ? full[k] : 7.0), test::text("degree %d, Y%d", degree, k));
  }
}

TEST("sh_color() is 0.5 plus the weighted sum of the coefficients, at each degree") {
  Random random(73);
  for_cases(80, [&](int i) {
    const int degree = i % 4;
    const Coefficients c = random_coefficients(random);
    double d[3], rgb[3];
    random_direction(random, d);
    core::sh_color(degree, d, c, rgb);
    for (int channel = 0; channel < 3; ++channel) {
      double expected = 0.5;
      for (int l = 0; l <= degree; ++l)
        for (int m = -l; m <= l; ++m) expected += harmonic(l, m, d) * c.value[l * l + l + m][channel];
      expect_close("rgb", rgb[channel], expected, 1e-6);
    }
  });
}

TEST("sh_color_backward() is the derivative in the coefficients and the direction, at each degree") {
  Random random(74);
  const double steps[3 * core::kMaxShCoefficients] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                                      1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                                      1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  const double direction_steps[3] = {0.1, 0.1, 0.1};
  for_cases(400, [&](int i) {
    const int degree = i % 4, count = core::sh_coefficients(degree);
    Coefficients c = random_coefficients(random), g = {};
    double d[3], w[3], g_d[3];
    // The three entries are independent, so the direction need not have unit length.
    for (double& each : d) each = random.uniform(-1, 1);
    for (double& each : w) each = random.normal();
    core::sh_color_backward(
        degree, d, c, w, [&](int k, int channel, double value) { g.value[k][channel] = value; }, g_d);
    const auto loss = [&] {
      double rgb[3];
      core::sh_color(degree, d, c, rgb);
      return w[0] * rgb[0] + w[1] * rgb[1] + w[2] * rgb[2];
    };
    expect_gradient("coefficients", g.value[0], c.value[0], 3 * count, steps, 1e-10, 1e-12, loss);
    for (int k = count; k < core::kMaxShCoefficients; ++k)
      expect(test::largest(g.value[k], 3) == 0, "a coefficient above the degree has a gradient");
    // Multiples of the float constants are rounded to float again: 6e-8 of each term, and terms may cancel.
    expect_gradient("direction", g_d, d, 3, direction_steps, 1e-7, 1e-13, loss);
    if (degree == 0) expect(test::largest(g_d, 3) == 0, "degree 0 does not depend on the direction");
  });
}

TEST("view_direction() points from the camera to the mean, and stays finite when they coincide") {
  Random random(75);
  for_cases(100, [&](int) {
    double center[3], mean[3], d[3];
    random_direction(random, d);
    const double distance = random.log_uniform(0.1, 100);
    for (int k = 0; k < 3; ++k) {
      center[k] = random.normal();
      mean[k] = center[k] + distance * d[k];
    }
    const core::ViewDirection<double> v = core::view_direction<double>(center, mean);
    expect_block("direction", v.d, d, 3, 1e-13);
    expect_close("distance", 1 / v.inverse_distance, distance, 1e-13 * distance);
    const core::ViewDirection<double> none = core::view_direction<double>(center, center);
    expect(test::largest(none.d, 3) == 0 && std::isfinite(none.inverse_distance), "at the camera's centre");
  });
}

TEST("view_direction_backward() adds the derivative of the direction in the mean") {
  Random random(76);
  for_cases(200, [&](int) {
    double center[3], mean[3], d[3], w[3], g[3] = {}, steps[3];
    random_direction(random, d);
    const double distance = random.log_uniform(0.1, 100);
    for (int k = 0; k < 3; ++k) {
      center[k] = random.normal();
      mean[k] = center[k] + distance * d[k];
      w[k] = random.normal();
      steps[k] = 0.05 * distance;
    }
    const core::ViewDirection<double> v = core::view_direction<double>(center, mean);
    core::view_direction_backward(v, w, g);
    double twice[3] = {g[0], g[1], g[2]};
    core::view_direction_backward(v, w, twice);
    for (int k = 0; k < 3; ++k) expect(twice[k] == 2 * g[k], "it must add to the gradient");
    expect_gradient("mean", g, mean, 3, steps, 1e-9, 1e-13, [&] {
      const core::ViewDirection<double> moved = core::view_direction<double>(center, mean);
      return w[0] * moved.d[0] + w[1] * moved.d[1] + w[2] * moved.d[2];
    });
  });
}

TEST("view_direction_backward() gives the mean's gradient from sh_color_backward()'s, at each degree") {
  Random random(78);
  for_cases(400, [&](int i) {
    const int degree = i % 4;
    const Coefficients c = random_coefficients(random);
    double center[3], mean[3], d[3], w[3], g_d[3], g[3] = {}, steps[3];
    random_direction(random, d);
    const double distance = random.log_uniform(0.1, 100);
    for (int k = 0; k < 3; ++k) {
      center[k] = random.normal();
      mean[k] = center[k] + distance * d[k];
      w[k] = random.normal();
      steps[k] = 0.05 * distance;
    }
    const core::ViewDirection<double> v = core::view_direction<double>(center, mean);
    core::sh_color_backward(
        degree, v.d, c, w, [](int, int, double) {}, g_d);
    core::view_direction_backward(v, g_d, g);
    // The rounding of the multiples, see above, is a share of the direction's gradient, most of which may drop out
    // here.
    const double noise = 0.05 * 1e-7 * test::largest(g_d, 3) + 1e-13;
    expect_gradient("mean", g, mean, 3, steps, 1e-7, noise, [&] {
      const core::ViewDirection<double> moved = core::view_direction<double>(center, mean);
      double rgb[3];
      core::sh_color(degree, moved.d, c, rgb);
      return w[0] * rgb[0] + w[1] * rgb[1] + w[2] * rgb[2];
    });
  });
}

TEST("view_direction() and its derivative in float agree with double to 1e-6") {
  Random random(79);
  for_cases(200, [&](int) {
    float center[3], mean[3], w[3], g[3] = {};
    double center2[3], mean2[3], w2[3], g2[3] = {};
    for (int k = 0; k < 3; ++k) {
      center2[k] = center[k] = float(random.normal());
      mean2[k] = mean[k] = float(center[k] + random.sign() * random.uniform(0.5, 20));
      w2[k] = w[k] = float(random.normal());
    }
    const core::ViewDirection<float> v = core::view_direction<float>(center, mean);
    const core::ViewDirection<double> wide = core::view_direction<double>(center2, mean2);
    expect_block("direction", v.d, wide.d, 3, 1e-6);
    core::view_direction_backward(v, w, g);
    core::view_direction_backward(wide, w2, g2);
    // The gradient's part along the direction cancels.
    expect_block("mean", g, g2, 3, 0, 1e-6 * test::largest(w2, 3) * wide.inverse_distance);
  });
}

TEST("sh_color() and its derivatives in float agree with double to 2e-6 of the coefficients") {
  Random random(77);
  for_cases(300, [&](int) {
    const Coefficients c = random_coefficients(random);
    Coefficients rounded;
    for (int k = 0; k < core::kMaxShCoefficients; ++k)
      for (int channel = 0; channel < 3; ++channel) rounded.value[k][channel] = float(c.value[k][channel]);
    const auto narrow = [&](int k, int channel) { return float(rounded.value[k][channel]); };
    float d[3], w[3], rgb[3], g_d[3];
    double d2[3], w2[3], rgb2[3], g_d2[3];
    random_direction(random, d2);
    for (int k = 0; k < 3; ++k) d2[k] = d[k] = float(d2[k]);
    for (int k = 0; k < 3; ++k) w2[k] = w[k] = float(random.normal());
    core::sh_color(core::kMaxShDegree, d, narrow, rgb);
    core::sh_color(core::kMaxShDegree, d2, rounded, rgb2);
    core::sh_color_backward(
        core::kMaxShDegree, d, narrow, w, [](int, int, float) {}, g_d);
    core::sh_color_backward(
        core::kMaxShDegree, d2, rounded, w2, [](int, int, double) {}, g_d2);
    const double size = test::largest(c.value[0], 3 * core::kMaxShCoefficients);
    expect_block("rgb", rgb, rgb2, 3, 0, 2e-6 * size);
    expect_block("direction", g_d, g_d2, 3, 0, 2e-6 * 16 * size * test::largest(w2, 3));
  });
}
