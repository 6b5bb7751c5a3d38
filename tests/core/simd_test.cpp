// The eight-lane scalar of cuda/cpu/simd.h, at each SIMD level of this build, against scalar arithmetic.
#include <cstring>

#include "lanes.h"
#include "projection_cases.h"

namespace test {
namespace baseline {
extern const Lanes lanes;
}
#if defined(__x86_64__)
namespace avx2 {
extern const Lanes lanes;
}
namespace avx512 {
extern const Lanes lanes;
}
#endif
}  // namespace test

namespace core = tame::core;
using test::expect;
using test::expect_close;
using test::for_cases;
using test::kLaneCount;
using test::kProjectIn;
using test::kProjectOut;
using test::Lanes;
using test::Random;

namespace {

const Lanes& avx2() {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
    throw test::Skip{"this processor lacks AVX2 or FMA"};
  return test::avx2::lanes;
#else
  throw test::Skip{"AVX2 is an instruction set of x86-64 processors"};
#endif
}

const Lanes& avx512() {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512dq") ||
      !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512vl"))
    throw test::Skip{"this processor lacks AVX-512"};
  return test::avx512::lanes;
#else
  throw test::Skip{"AVX-512 is an instruction set of x86-64 processors"};
#endif
}

bool same_bits(float a, float b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

void fill(Random& random, float x[kLaneCount]) {
  for (int l = 0; l < kLaneCount; ++l) x[l] = float(random.log_uniform(1e-3, 1e3) * random.sign());
}

void check_exp(const Lanes& lanes) {
  constexpr int kSweep = 1 << 21;
  double most = 0, at = 0;
  for (int i = 0; i < kSweep; i += kLaneCount) {
    float x[kLaneCount], y[kLaneCount];
    for (int l = 0; l < kLaneCount; ++l) x[l] = float(-87 + 175.0 * (i + l) / (kSweep - 1));
    lanes.exp(x, y);
    for (int l = 0; l < kLaneCount; ++l) {
      const double exact = std::exp(double(x[l])), error = std::fabs(y[l] - exact) / exact;
      if (!(error <= most)) {
        most = error;
        at = x[l];
      }
    }
  }
  expect(most <= 2e-7, test::text("relative error %.3g at %.9g", most, at));
}

void check_exp_edges(const Lanes& lanes) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float x[kLaneCount] = {0.f, -0.f, -87.f, 88.f, -1000.f, 1000.f, -infinity, infinity};
  float y[kLaneCount];
  lanes.exp(x, y);
  expect(y[0] == 1 && y[1] == 1, "e^0 must be 1 exactly");
  expect(y[4] == y[2] && y[6] == y[2], "below the range it must return the value at the lower end");
  expect(y[5] == y[3] && y[7] == y[3], "above the range it must return the value at the upper end");
  float nan[kLaneCount];
  std::fill(nan, nan + kLaneCount, std::numeric_limits<float>::quiet_NaN());
  lanes.exp(nan, y);
  for (const float each : y) expect(std::isfinite(each), "NaN must give a finite number");
}

void check_sum(const Lanes& lanes) {
  Random random(111);
  for_cases(2000, [&](int) {
    float x[kLaneCount];
    fill(random, x);
    const float expected = ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
    expect(same_bits(lanes.sum(x), expected), test::text("got %.9g, expected %.9g", lanes.sum(x), expected));
  });
}

void check_masks(const Lanes& lanes) {
  float a[kLaneCount], b[kLaneCount], out[kLaneCount];
  for (int l = 0; l < kLaneCount; ++l) {
    a[l] = float(l + 1);
    b[l] = l % 2 == 0 ? std::numeric_limits<float>::quiet_NaN() : -float(l + 1);
  }
  for (unsigned mask = 0; mask < 256; ++mask) {
    lanes.select(mask, a, b, out);
    for (int l = 0; l < kLaneCount; ++l)
      expect(same_bits(out[l], mask >> l & 1 ? a[l] : b[l]), test::text("select, mask %u, lane %d", mask, l));
    expect(lanes.any(mask) == (mask != 0), test::text("any, mask %u", mask));
  }
}

void check_comparisons(const Lanes& lanes) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float a[kLaneCount] = {1, 2, 3, nan, 1, nan, -0.f, -1}, b[kLaneCount] = {2, 2, 1, 1, nan, nan, 0.f, -2};
  unsigned masks[6];
  lanes.compare(a, b, masks);
  for (int l = 0; l < kLaneCount; ++l) {
    const bool less = a[l] < b[l], most = a[l] <= b[l];
    const bool expected[6] = {less, a[l] > b[l], most, a[l] >= b[l], less && most, less || most};
    for (int k = 0; k < 6; ++k)
      expect((masks[k] >> l & 1) == unsigned(expected[k]), test::text("comparison %d, lane %d", k, l));
  }
  float low[kLaneCount], high[kLaneCount];
  lanes.minimum(a, b, low);
  lanes.maximum(a, b, high);
  for (int l = 0; l < kLaneCount; ++l) {
    expect(same_bits(low[l], core::minimum(a[l], b[l])), test::text("minimum, lane %d", l));
    expect(same_bits(high[l], core::maximum(a[l], b[l])), test::text("maximum, lane %d", l));
  }
}

void check_arithmetic(const Lanes& lanes) {
  Random random(112);
  for_cases(2000, [&](int) {
    float a[kLaneCount], b[kLaneCount], c[kLaneCount], out[6][kLaneCount], positive[kLaneCount];
    fill(random, a);
    fill(random, b);
    fill(random, c);
    for (int l = 0; l < kLaneCount; ++l) positive[l] = std::fabs(a[l]);
    lanes.arithmetic(a, b, out[0], out[1], out[2], out[3]);
    for (int l = 0; l < kLaneCount; ++l)
      expect(same_bits(out[0][l], a[l] + b[l]) && same_bits(out[1][l], a[l] - b[l]) &&
                 same_bits(out[2][l], a[l] * b[l]) && same_bits(out[3][l], a[l] / b[l]),
             test::text("+ - * / of %.9g and %.9g", a[l], b[l]));
    lanes.mad(a, b, c, out[0]);
    lanes.sqrt(positive, out[1]);
    lanes.ceil(a, out[2]);
    lanes.log(positive, out[3]);
    for (int l = 0; l < kLaneCount; ++l) {
      const float expected = lanes.fused ? std::fma(a[l], b[l], c[l]) : a[l] * b[l] + c[l];
      expect(same_bits(out[0][l], expected), test::text("mad: got %.9g, expected %.9g", out[0][l], expected));
      expect(same_bits(out[1][l], std::sqrt(positive[l])), test::text("sqrt of %.9g", positive[l]));
      expect(out[2][l] == std::ceil(a[l]), test::text("ceil of %.9g", a[l]));
      const double exact = std::log(double(positive[l]));
      expect_close("log", out[3][l], exact, 1e-6 * std::max(std::fabs(exact), 1e-2));
    }
  });
}

void check_wide(const Lanes& lanes) {
  using namespace test;
  constexpr int kMost = kMostWideLanes;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const int n = lanes.wide_lanes;
  Random random(114);
  for_cases(2000, [&](int round) {
    float a[kMost], b[kMost], c[kMost], out[kWideRows * kMost];
    for (int l = 0; l < n; ++l) {
      a[l] = float(random.uniform(-125, 125));
      b[l] = random.uniform(0, 1) < 0.2 ? a[l] : float(random.uniform(-125, 125));
      c[l] = float(random.uniform(-125, 125));
    }
    if (round % 2 == 1) a[round / 2 % n] = nan;
    lanes.wide(a, b, c, out);
    const unsigned bits = lanes.wide_bits(a, b);
    for (int l = 0; l < n; ++l) {
      const float u = a[l], v = b[l], w = c[l];
      const float expected[kExp2] = {u + v,
                                     u - v,
                                     u * v,
                                     u / v,
                                     -u,
                                     lanes.fused ? std::fma(u, v, w) : u * v + w,
                                     core::minimum(u, v),
                                     core::maximum(u, v),
                                     u < v ? u : w,
                                     u > v ? u : w,
                                     u <= v && u >= w ? u : w,
                                     u <= v || u >= w ? u : w,
                                     std::sqrt(v * v)};
      for (int k = 0; k < kExp2; ++k)
        expect(same_bits(out[k * n + l], expected[k]) || (std::isnan(expected[k]) && std::isnan(out[k * n + l])),
               text("row %d, lane %d: got %.9g, expected %.9g", k, l, out[k * n + l], expected[k]));
      expect((bits >> l & 1) == unsigned(u < v), text("lane_bits, lane %d", l));
      if (std::isnan(u)) continue;
      const double power = std::exp2(double(u)), inverse = 1 / double(u);
      expect_close("exp2", out[kExp2 * n + l], power, 2e-7 * power);
      expect_close("reciprocal", out[kReciprocal * n + l], inverse, 2e-7 * std::fabs(inverse));
    }
    expect(bits >> n == 0, "lane_bits must have one bit per lane");
  });
}

void check_wide_sums(const Lanes& lanes) {
  Random random(115);
  for_cases(500, [&](int) {
    float x[8 * test::kMostWideLanes], out[9];
    for (int i = 0; i < 8 * lanes.wide_lanes; ++i) x[i] = float(random.uniform(-1, 1));
    lanes.wide_sums(x, out);
    for (int k = 0; k < 9; ++k) {
      double sum = 0;
      for (int l = 0; l < lanes.wide_lanes; ++l) sum += double(x[k % 8 * lanes.wide_lanes + l]);
      expect_close(test::text("sum %d", k), out[k], sum, 2e-6);
    }
  });
}

// Eight Gaussians at once against one at a time in float: to the bit if mad is not fused, else within a tolerance.
void check_project(const Lanes& lanes) {
  Random random(113);
  for_cases(200, [&](int i) {
    const core::Camera<double> wide = test::random_camera(random);
    core::Camera<float> c;
    c.antialiasing = i % 2 == 0;
    float camera[test::kCameraNumbers] = {float(wide.width), float(wide.height), float(wide.fx),        float(wide.fy),
                                          float(wide.cx),    float(wide.cy),     float(wide.near_plane)};
    for (int k = 0; k < 9; ++k) camera[7 + k] = c.rotation[k] = float(wide.rotation[k]);
    for (int k = 0; k < 3; ++k) camera[16 + k] = c.translation[k] = float(wide.translation[k]);
    camera[19] = c.antialiasing ? 1.f : 0.f;
    c.width = wide.width;
    c.height = wide.height;
    c.fx = camera[2];
    c.fy = camera[3];
    c.cx = camera[4];
    c.cy = camera[5];
    c.near_plane = camera[6];
    core::complete(c);

    float in[kProjectIn][kLaneCount], out[kProjectOut][kLaneCount];
    for (int l = 0; l < kLaneCount; ++l) {
      // Lane 3 is behind the camera, lane 6 has no valid position: neither may affect its neighbours.
      const double z = l == 3 ? -2 : random.log_uniform(0.5, 30);
      const double t[3] = {z * random.uniform(-1, 1), z * random.uniform(-1, 1), z};
      double mean[3];
      test::world_of(wide, t, mean);
      for (int k = 0; k < 3; ++k) in[k][l] = l == 6 ? std::numeric_limits<float>::quiet_NaN() : float(mean[k]);
      for (int k = 3; k < 6; ++k) in[k][l] = float(random.log_uniform(1, 10) * std::fabs(z) / wide.fx);
      for (int k = 6; k < kProjectIn; ++k) in[k][l] = float(random.normal());
    }
    lanes.project(camera, in[0], out[0]);
    for (int l = 0; l < kLaneCount; ++l) {
      float x[kProjectIn], g[10];
      for (int k = 0; k < kProjectIn; ++k) x[k] = in[k][l];
      const core::Footprint<float> f = core::project(c, x, x + 3, x + 6);
      expect((f.radius > 0) == (l != 3 && l != 6), test::text("lane %d: valid or not", l));
      if (!f.valid) {
        expect(out[8][l] == 0, test::text("lane %d must have radius 0", l));
        continue;
      }
      core::project_backward(c, x, x + 3, x + 6, x + 10, x + 12, x[15], g, g + 3, g + 6);
      const float expected[kProjectOut] = {f.mean[0],  f.mean[1],  f.depth,    f.variance[0], f.variance[1],
                                           f.conic[0], f.conic[1], f.conic[2], f.radius,      f.factor,
                                           g[0],       g[1],       g[2],       g[3],          g[4],
                                           g[5],       g[6],       g[7],       g[8],          g[9]};
      // Rows of one unit: mean, depth, variance, conic, radius, factor, and the three gradients.
      const int first[10] = {0, 2, 3, 5, 8, 9, 10, 13, 16, kProjectOut};
      for (int block = 0; block < 9; ++block) {
        double most = 0;
        for (int k = first[block]; k < first[block + 1]; ++k) most = std::max(most, double(std::fabs(expected[k])));
        // The radius may round up elsewhere; gradients of nearly round Gaussians cancel.
        const double bound = !lanes.fused ? 0 : block == 4 ? 1 : (block < 6 ? 2e-5 : 2e-3) * most;
        for (int k = first[block]; k < first[block + 1]; ++k)
          expect_close(test::text("lane %d, row %d", l, k), out[k][l], expected[k], bound);
      }
    }
  });
}

}  // namespace

TEST("F8 exp() is within 2e-7 of e^x from -87 to 88 at the baseline level") {
  check_exp(test::baseline::lanes);
}
TEST("F8 exp() is within 2e-7 of e^x from -87 to 88 at the avx2 level") {
  check_exp(avx2());
}
TEST("F8 exp() is clamped beyond its range at the baseline level") {
  check_exp_edges(test::baseline::lanes);
}
TEST("F8 exp() is clamped beyond its range at the avx2 level") {
  check_exp_edges(avx2());
}
TEST("F8 sum() adds the lanes in its fixed order at the baseline level") {
  check_sum(test::baseline::lanes);
}
TEST("F8 sum() adds the lanes in its fixed order at the avx2 level") {
  check_sum(avx2());
}
TEST("F8 select() and any() follow each of the 256 masks at the baseline level") {
  check_masks(test::baseline::lanes);
}
TEST("F8 select() and any() follow each of the 256 masks at the avx2 level") {
  check_masks(avx2());
}
TEST("F8 comparisons, minimum() and maximum() treat NaN as a scalar does at the baseline level") {
  check_comparisons(test::baseline::lanes);
}
TEST("F8 comparisons, minimum() and maximum() treat NaN as a scalar does at the avx2 level") {
  check_comparisons(avx2());
}
TEST("F8 arithmetic rounds as a scalar does at the baseline level") {
  check_arithmetic(test::baseline::lanes);
}
TEST("F8 arithmetic rounds as a scalar does at the avx2 level") {
  check_arithmetic(avx2());
}
TEST("F8 project() and its backward pass equal float to the bit at the baseline level") {
  check_project(test::baseline::lanes);
}
TEST("F8 project() and its backward pass agree with float at the avx2 level") {
  check_project(avx2());
}
TEST("Wide arithmetic, masks, exp2() and reciprocal() agree with a scalar's at the baseline level") {
  check_wide(test::baseline::lanes);
}
TEST("Wide sums() and sum() add the lanes at the baseline level") {
  check_wide_sums(test::baseline::lanes);
}
TEST("Wide arithmetic, masks, exp2() and reciprocal() agree with a scalar's at the avx2 level") {
  check_wide(avx2());
}
TEST("Wide sums() and sum() add the lanes at the avx2 level") {
  check_wide_sums(avx2());
}
TEST("Wide arithmetic, masks, exp2() and reciprocal() agree with a scalar's at the avx512 level") {
  check_wide(avx512());
}
TEST("Wide sums() and sum() add the lanes at the avx512 level") {
  check_wide_sums(avx512());
}
