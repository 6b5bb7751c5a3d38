// Opacities and scales of several Gaussians that replace one: core/relocation.h against the sums of the paper.
#include "core/relocation.h"

#include "test.h"

namespace core = tame::core;
using test::expect_close;
using test::text;

namespace {

// C(n, k), exact in double up to n = 56.
double binomial(int n, int k) {
  double value = 1;
  for (int i = 1; i <= k; ++i) value = value * (n - k + i) / i;
  return std::round(value);
}

// o over the double sum of Kheradmand et al. 2024, equation 9.
double scale_by_double_sum(double o, double shared, int n) {
  long double sum = 0;
  for (int i = 1; i <= n; ++i) {
    for (int k = 0; k < i; ++k)
      sum += binomial(i - 1, k) * (k % 2 == 0 ? 1 : -1) * std::pow((long double)(shared), k + 1) / std::sqrt(k + 1.0L);
  }
  return double(o / sum);
}

}  // namespace

TEST("relocation_scale() equals the paper's double sum") {
  for (const double o : {1e-6, 0.005, 0.1, 0.5, 0.9, 0.99}) {
    for (int n = 1; n <= 12; ++n) {
      const double shared = core::split_opacity(1 - o, uint32_t(n));
      const double expected = scale_by_double_sum(o, shared, n);
      expect_close(text("o = %g, n = %d", o, n), core::relocation_scale(o, shared, uint32_t(n)), expected, 1e-12);
    }
  }
}

TEST("relocation_scale() keeps six digits up to n = 51") {
  for (const double o : {0.1, 0.5, 0.9, 0.99, 1 - 1e-6}) {
    for (int n = 13; n <= 51; ++n) {
      const double shared = core::split_opacity(1 - o, uint32_t(n));
      const double expected = scale_by_double_sum(o, shared, n);
      expect_close(text("o = %g, n = %d", o, n), core::relocation_scale(o, shared, uint32_t(n)), expected, 1e-6);
    }
  }
}

TEST("split_opacity() and relocation_scale() give the known values") {
  const struct {
    double o;
    uint32_t n;
    double shared, scale;
  } known[] = {
      {0.1, 2, 0.0513, 0.9923},  {0.1, 3, 0.0345, 0.9898},  {0.1, 8, 0.0131, 0.9867},  {0.1, 51, 0.0021, 0.9851},
      {0.5, 2, 0.2929, 0.9522},  {0.5, 3, 0.2063, 0.9369},  {0.5, 8, 0.0830, 0.9183},  {0.5, 51, 0.0135, 0.9090},
      {0.9, 2, 0.6838, 0.8679},  {0.9, 3, 0.5358, 0.8278},  {0.9, 8, 0.2501, 0.7805},  {0.9, 51, 0.0441, 0.7578},
      {0.99, 2, 0.9000, 0.8067}, {0.99, 3, 0.7846, 0.7462}, {0.99, 8, 0.4377, 0.6754}, {0.99, 51, 0.0863, 0.6421},
  };
  for (const auto& one : known) {
    const double shared = core::split_opacity(1 - one.o, one.n);
    expect_close(text("o' of o = %g, n = %u", one.o, one.n), shared, one.shared, 5e-5);
    expect_close(text("f of o = %g, n = %u", one.o, one.n), core::relocation_scale(one.o, shared, one.n), one.scale,
                 5e-5);
  }
}

TEST("n Gaussians with split_opacity() are together as opaque at the centre as one") {
  for (const double o : {1e-12, 1e-6, 0.005, 0.1, 0.5, 0.9, 0.99, 1 - 1e-6}) {
    for (const uint32_t n : {1u, 2u, 3u, 8u, 51u}) {
      const double shared = core::split_opacity(1 - o, n);
      expect_close(text("o = %g, n = %u", o, n), 1 - std::pow(1 - shared, double(n)), o, 4e-16 * n);
    }
  }
}

TEST("n Gaussians with relocation_scale() have the integral of one along a line, and less over a plane") {
  for (const double o : {0.01, 0.1, 0.5, 0.9, 0.99}) {
    for (const uint32_t n : {2u, 3u, 8u, 51u}) {
      const double shared = core::split_opacity(1 - o, n);
      const double scale = core::relocation_scale(o, shared, n);
      // By the midpoint rule.
      constexpr double step = 1.0 / 64;
      double one = 0, all = 0, plane_of_one = 0, plane_of_all = 0;
      for (double x = step / 2; x < 12; x += step) {
        const double alpha = o * std::exp(-x * x / 2);
        const double together = 1 - std::pow(1 - shared * std::exp(-x * x / (2 * scale * scale)), double(n));
        one += alpha;
        all += together;
        plane_of_one += x * alpha;
        plane_of_all += x * together;
      }
      expect_close(text("o = %g, n = %u", o, n), all / one, 1, 1e-5);
      const double mass = plane_of_all / plane_of_one;
      test::expect(mass > 0.8 && mass <= 1, text("mass of o = %g, n = %u: %g", o, n, mass));
    }
  }
}
