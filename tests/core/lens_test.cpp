// Lens distortion and cubic convolution: core/lens.h, core/resample.h. tests/load checks the models against COLMAP's
// formulas; here are derivatives and inverses.
#include "core/lens.h"

#include "core/resample.h"
#include "test.h"

namespace core = tame::core;
using test::expect;
using test::expect_close;
using test::for_cases;
using test::Random;
using test::text;

namespace {

constexpr double kWidth = 4000, kHeight = 3000;
constexpr int kModels = core::kEucm + 1;

// Mild enough not to fold within the photo.
core::Lens random_lens(Random& random, uint32_t model) {
  core::Lens lens = {};
  lens.model = model;
  lens.fx = random.uniform(0.8, 1.2) * kWidth;
  lens.fy = lens.fx * random.uniform(0.95, 1.05);
  lens.cx = kWidth * random.uniform(0.45, 0.55);
  lens.cy = kHeight * random.uniform(0.45, 0.55);
  if (model == core::kFov) {
    lens.k[0] = random.uniform(0.1, 1.2);
    lens.fov_slope = 2 * std::tan(lens.k[0] / 2);
  } else if (model == core::kDivision) {
    lens.k[0] = random.uniform(-0.3, 0.2);
  } else if (model == core::kEucm) {
    lens.k[0] = random.uniform(0, 0.9);
    lens.k[1] = random.uniform(0.5, 2);
  } else {
    for (double& k : lens.k) k = random.uniform(-0.02, 0.02);
    lens.k[0] = random.uniform(-0.2, 0.2);
    lens.k[2] = random.uniform(-0.005, 0.005);
    lens.k[3] = random.uniform(-0.005, 0.005);
  }
  return lens;
}

}  // namespace

TEST("distort() of a Dual has the derivatives of distort() for every lens model") {
  Random random(71);
  for_cases(300, [&](int i) {
    const core::Lens lens = random_lens(random, uint32_t(i % kModels));
    const double x = random.uniform(-0.6, 0.6), y = i < kModels ? 0 : random.uniform(-0.5, 0.5);
    core::Dual u, v;
    core::distort(lens, core::Dual{x, 1, 0}, core::Dual{y, 0, 1}, &u, &v);
    const auto at = [&](double px, double py, bool second) {
      double a, b;
      core::distort(lens, px, py, &a, &b);
      return second ? b : a;
    };
    expect_close("u", u.value, at(x, y, false), 1e-14);
    expect_close("v", v.value, at(x, y, true), 1e-14);
    const auto along_x = [&](bool second) {
      return test::derivative([&](double t) { return at(t, y, second); }, x, 0.05);
    };
    const auto along_y = [&](bool second) {
      return test::derivative([&](double t) { return at(x, t, second); }, y, 0.05);
    };
    expect_close("du/dx", u.dx, along_x(false), 1e-9);
    expect_close("dv/dx", v.dx, along_x(true), 1e-9);
    expect_close("du/dy", u.dy, along_y(false), 1e-9);
    expect_close("dv/dy", v.dy, along_y(true), 1e-9);
  });
}

TEST("undistort() inverts distort() when the lens does not fold") {
  Random random(72);
  for_cases(300, [&](int i) {
    const core::Lens lens = random_lens(random, uint32_t(i % kModels));
    const double px = random.uniform(0, kWidth), py = random.uniform(0, kHeight);
    double x, y, back_x, back_y;
    expect(core::undistort(lens, (px - lens.cx) / lens.fx, (py - lens.cy) / lens.fy, &x, &y), "not reached");
    core::project(lens, x, y, &back_x, &back_y);
    expect_close("px", back_x, px, 1e-6);
    expect_close("py", back_y, py, 1e-6);
  });
}

TEST("angle_to_axis() is the angle of the ray for every lens model, of a fisheye also beyond a right angle") {
  Random random(73);
  for_cases(200, [&](int i) {
    const core::Lens lens = random_lens(random, uint32_t(i % 3));
    const double x = random.uniform(-0.6, 0.6), y = random.uniform(-0.5, 0.5);
    double u, v;
    core::distort(lens, x, y, &u, &v);
    expect_close("angle", core::angle_to_axis(lens, u, v), std::atan(std::hypot(x, y)), 1e-9);
  });
  core::Lens fisheye = {};
  fisheye.model = core::kFisheye;
  for (const double angle : {0.5, 1.5, 1.6, 2.0, 3.0})
    expect_close("equidistant", core::angle_to_axis(fisheye, 0.6 * angle, -0.8 * angle), angle, 1e-12);
  fisheye.k[0] = -0.1;  // r (1 - r^2 / 10) turns at sqrt(10 / 3), where it is 1.217
  expect_close("fold", core::angle_to_axis(fisheye, 2, 0), std::sqrt(10.0 / 3), 0.05);
}

TEST("undistort() stops before the fold when the lens folds") {
  core::Lens lens = {core::kBrown, 1, 1, 0, 0, {-0.5}, 0};
  double x, y;
  // r - r^3 / 2 is at most 0.5443, at r = 0.8165.
  expect(core::undistort(lens, 0.3, 0.4, &x, &y), "0.5 is reached");
  expect(!core::undistort(lens, 0.6, 0.8, &x, &y), "1 is not reached");
  expect(std::hypot(x, y) < 0.8165 && std::hypot(x, y) > 0.75, text("ended at %g, %g", x, y));
  expect_close("direction", y / x, 4.0 / 3, 1e-9);
  lens.model = core::kFisheye;
  lens.k[0] = 0;
  expect(!core::undistort(lens, 0, 1.6, &x, &y), "91.7 degrees are not reached");
  expect(y > 10 && std::fabs(x) < 1e-9, text("ended at %g, %g", x, y));
}

TEST("resample() is exact on a linear ramp between pixels, and repeats the edge beyond the photo") {
  uint8_t photo[8 * 6];
  for (int y = 0; y < 6; ++y)
    for (int x = 0; x < 8; ++x) photo[8 * y + x] = uint8_t(20 * x + 10 * y + 5);
  Random random(73);
  for_cases(200, [&](int) {
    const double px = random.uniform(1.5, 6.5), py = random.uniform(1.5, 4.5);
    uint8_t value;
    core::resample<1>(photo, 8, 6, px, py, &value);
    expect_close("value", value, 20 * (px - 0.5) + 10 * (py - 0.5) + 5, 0.501);
  });
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double far : {-1e300, -3.0, 1e300, nan}) {
    uint8_t value;
    core::resample<1>(photo, 8, 6, far, 0.5, &value);
    expect(value == 5 || value == 145, text("%d", value));
  }
}
