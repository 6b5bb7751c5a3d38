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
  } known[] = {{0.5, 2, 0.2929, 0.9522}, {0.9, 8, 0.2501, 0.7805}, {0.99, 51, 0.0863, 0.6421}};
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
