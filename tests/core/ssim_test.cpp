// Structural similarity and its derivatives: core/ssim.h.
#include "core/ssim.h"

#include "test.h"

namespace core = tame::core;
using test::expect;
using test::expect_block;
using test::expect_close;
using test::expect_gradient;
using test::for_cases;
using test::Random;

namespace {

// Means of a window: x, y, x^2, y^2, xy; the derivatives exist for the first, third and fifth.
struct Moments {
  double mx, my, mxx, myy, mxy;
};

// Of a random population, so that they are consistent.
Moments random_moments(Random& random) {
  const double level_x = random.uniform(0, 1), level_y = random.uniform(0, 1);
  const double spread = random.log_uniform(0.01, 0.5), shared = random.uniform(-1, 1);
  constexpr int kCount = 20;
  Moments m = {};
  for (int k = 0; k < kCount; ++k) {
    const double common = random.normal(), x = level_x + spread * common;
    const double y = level_y + spread * (shared * common + (1 - std::fabs(shared)) * random.normal());
    m.mx += x / kCount;
    m.my += y / kCount;
    m.mxx += x * x / kCount;
    m.myy += y * y / kCount;
    m.mxy += x * y / kCount;
  }
  return m;
}

core::SsimTerms<double> terms_of(const Moments& m) {
  return core::ssim_terms(m.mx, m.my, m.mxx + m.myy, m.mxy);
}

constexpr int kWidth = 14, kHeight = 9;
using Plane = std::vector<double>;

Plane windowed(const Plane& from) {
  Plane to(from.size());
  for (int y = 0; y < kHeight; ++y)
    for (int x = 0; x < kWidth; ++x)
      for (int dy = -core::kWindowRadius; dy <= core::kWindowRadius; ++dy)
        for (int dx = -core::kWindowRadius; dx <= core::kWindowRadius; ++dx)
          if (y + dy >= 0 && y + dy < kHeight && x + dx >= 0 && x + dx < kWidth)
            to[y * kWidth + x] += core::window_weight<double>(std::abs(dy)) *
                                  core::window_weight<double>(std::abs(dx)) * from[(y + dy) * kWidth + x + dx];
  return to;
}

Plane product(const Plane& a, const Plane& b) {
  Plane to(a.size());
  for (size_t i = 0; i < a.size(); ++i) to[i] = a[i] * b[i];
  return to;
}

std::vector<core::SsimTerms<double>> map_of(const Plane& a, const Plane& b) {
  const Plane mx = windowed(a), my = windowed(b), mxx = windowed(product(a, a)), myy = windowed(product(b, b)),
              mxy = windowed(product(a, b));
  std::vector<core::SsimTerms<double>> map;
  for (size_t i = 0; i < a.size(); ++i) map.push_back(core::ssim_terms(mx[i], my[i], mxx[i] + myy[i], mxy[i]));
  return map;
}

// (1 - lambda) L1 + lambda (1 - SSIM) of one channel.
double loss_of(const Plane& a, const Plane& b, double lambda) {
  double sum = 0;
  const auto map = map_of(a, b);
  for (size_t i = 0; i < a.size(); ++i) sum += (1 - lambda) * std::fabs(a[i] - b[i]) + lambda * (1 - map[i].value);
  return sum / double(a.size());
}

}  // namespace

TEST("window_weight() is the Gaussian of sigma 1.5, and its 11 taps sum to 1") {
  double sum = 0, expected[core::kWindowRadius + 1];
  for (int d = 0; d <= core::kWindowRadius; ++d) {
    expected[d] = std::exp(-d * d / (2 * 1.5 * 1.5));
    sum += d == 0 ? expected[d] : 2 * expected[d];
  }
  double weights = 0;
  float narrow = 0;
  for (int d = 0; d <= core::kWindowRadius; ++d) {
    expect_close(test::text("weight %d", d), core::window_weight<double>(d), expected[d] / sum, 5e-8);
    weights += (d == 0 ? 1 : 2) * core::window_weight<double>(d);
    narrow += (d == 0 ? 1.f : 2.f) * core::window_weight<float>(d);
  }
  expect_close("sum", weights, 1, 1e-7);
  expect_close("sum in float", narrow, 1, 2e-7);
}

TEST("ssim_terms() has the value of Wang et al. 2004, formula 13") {
  Random random(101);
  for_cases(500, [&](int) {
    const Moments m = random_moments(random);
    const double vx = m.mxx - m.mx * m.mx, vy = m.myy - m.my * m.my, cov = m.mxy - m.mx * m.my;
    const double c1 = 0.01 * 0.01, c2 = 0.03 * 0.03;
    const double expected =
        (2 * m.mx * m.my + c1) * (2 * cov + c2) / ((m.mx * m.mx + m.my * m.my + c1) * (vx + vy + c2));
    expect_close("value", terms_of(m).value, expected, 1e-12);
    expect_close("of an image with itself", core::ssim_terms(m.mx, m.mx, m.mxx + m.mxx, m.mxx).value, 1, 1e-13);
  });
}

TEST("ssim_terms() has the derivatives of its value") {
  Random random(102);
  for_cases(500, [&](int) {
    Moments m = random_moments(random);
    const core::SsimTerms<double> s = terms_of(m);
    const auto value = [&] { return terms_of(m).value; };
    // Small relative to the variance, which must stay positive and to which the value is sensitive.
    const double variance = m.mxx - m.mx * m.mx + m.myy - m.my * m.my + core::kC2Ssim;
    const double step = 0.05 * std::min(variance, m.mxx - m.mx * m.mx), mean_step = step / (1 + std::fabs(m.mx));
    expect_gradient("d_mean", &s.d_mean, &m.mx, 1, &mean_step, 3e-8, 1e-14, value);
    expect_gradient("d_xx", &s.d_xx, &m.mxx, 1, &step, 1e-8, 1e-14, value);
    expect_gradient("d_xy", &s.d_xy, &m.mxy, 1, &step, 1e-8, 1e-14, value);
  });
}

TEST("ssim_terms() is finite when rounding makes a variance negative") {
  for (const double below : {0.0, -1e-7, -0.5}) {
    const core::SsimTerms<double> s = core::ssim_terms(0.5, 0.5, 0.5 + 2 * below, 0.25);
    expect(s.value > 0.9 && s.value < 1.1, test::text("variance %g: value %g", below, s.value));
    for (const double each : {s.d_mean, s.d_xx, s.d_xy}) expect(std::isfinite(each), "a derivative is not finite");
  }
}

TEST("the windowed derivatives of the SSIM map give the loss's gradient") {
  Random random(103);
  for_cases(2, [&](int i) {
    const double lambda = i == 0 ? 1 : 0.2, share = 1.0 / (kWidth * kHeight);
    Plane a(kWidth * kHeight), b(kWidth * kHeight);
    for (double& each : b) each = random.uniform(0, 1);
    // Apart by more than a difference step, because |a - b| is not smooth at 0.
    for (size_t k = 0; k < a.size(); ++k) a[k] = b[k] + random.sign() * random.uniform(0.05, 0.4);
    const auto map = map_of(a, b);
    Plane d_mean, d_xx, d_xy;
    for (const auto& each : map) {
      d_mean.push_back(-lambda * share * each.d_mean);
      d_xx.push_back(-lambda * share * each.d_xx);
      d_xy.push_back(-lambda * share * each.d_xy);
    }
    const Plane by_mean = windowed(d_mean), by_xx = windowed(d_xx), by_xy = windowed(d_xy);
    Plane gradient;
    for (size_t k = 0; k < a.size(); ++k)
      gradient.push_back((1 - lambda) * share * (a[k] > b[k] ? 1 : -1) + by_mean[k] + 2 * a[k] * by_xx[k] +
                         b[k] * by_xy[k]);
    const double step = 0.02;
    // Corners, borders and the middle: the whole plane would be many windows more.
    for (const size_t k : {0, kWidth - 1, 3 * kWidth, 4 * kWidth + 7, 4 * kWidth + 6, kWidth * kHeight - 1})
      expect_gradient(test::text("pixel %d", int(k)), &gradient[k], &a[k], 1, &step, 1e-8, 1e-15,
                      [&] { return loss_of(a, b, lambda); });
  });
}

TEST("ssim_terms() in float agrees with double to 2e-3") {
  // A variance is the difference of two means near 1, so in float its error is about 1e-7, compared with c2.
  Random random(104);
  for_cases(500, [&](int) {
    const Moments m = random_moments(random);
    const float f[5] = {float(m.mx), float(m.my), float(m.mxx), float(m.myy), float(m.mxy)};
    const core::SsimTerms<float> s = core::ssim_terms(f[0], f[1], f[2] + f[3], f[4]);
    const core::SsimTerms<double> wide =
        core::ssim_terms<double>(double(f[0]), double(f[1]), double(f[2]) + double(f[3]), double(f[4]));
    expect_close("value", s.value, wide.value, 2e-3);
    const float got[3] = {s.d_mean, s.d_xx, s.d_xy};
    const double expected[3] = {wide.d_mean, wide.d_xx, wide.d_xy};
    expect_block("derivatives", got, expected, 3, 2e-3);
  });
}
