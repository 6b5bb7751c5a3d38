// core::project() against the matrices of Zwicker et al. 2001 written out, and the Gaussians that it rejects.
#include "projection_cases.h"

namespace core = tame::core;
using test::expect;
using test::expect_close;
using test::for_cases;
using test::ProjectionCase;
using test::Random;

namespace {

constexpr int kInside[2] = {0, 0};

// By the definition, in higher precision than the tested function.
double direct_determinant(const double v[6]) {
  long double xx = core::kLowPass, xy = 0, yy = core::kLowPass;
  for (int k = 0; k < 3; ++k) {
    xx += (long double)v[k] * v[k];
    xy += (long double)v[k] * v[3 + k];
    yy += (long double)v[3 + k] * v[3 + k];
  }
  return double(xx * yy - xy * xy);
}

struct Direct {
  double mean[2], depth, covariance[3];  // xx, xy, yy
};

// 3 x 3 matrices throughout, without common subexpressions: J R (Rq S)(Rq S)^T R^T J^T + 0.3 I.
Direct direct_projection(const ProjectionCase& p) {
  const core::Camera<double>& c = p.camera;
  double t[3];
  for (int i = 0; i < 3; ++i) {
    t[i] = c.translation[i];
    for (int k = 0; k < 3; ++k) t[i] += c.rotation[3 * i + k] * p.mean[k];
  }
  const double z = t[2];
  const double margin = double(core::kGuard) / 2;
  const double u = std::min(std::max(t[0] / z, -(c.cx / c.fx + margin * c.width / c.fx)),
                            (c.width - c.cx) / c.fx + margin * c.width / c.fx);
  const double v = std::min(std::max(t[1] / z, -(c.cy / c.fy + margin * c.height / c.fy)),
                            (c.height - c.cy) / c.fy + margin * c.height / c.fy);
  const double jacobian[2][3] = {{c.fx / z, 0, -c.fx * u / z}, {0, c.fy / z, -c.fy * v / z}};
  double unit[4], rotation[9], half[2][3] = {};  // half = J R Rq S
  core::normalize(p.quat, unit);
  core::rotation(unit, rotation);
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j)
      for (int a = 0; a < 3; ++a)
        for (int b = 0; b < 3; ++b)
          half[i][j] += jacobian[i][a] * c.rotation[3 * a + b] * rotation[3 * b + j] * std::exp(p.log_scale[j]);
  Direct d;
  d.mean[0] = c.fx * t[0] / z + c.cx;
  d.mean[1] = c.fy * t[1] / z + c.cy;
  d.depth = z;
  const int entries[3][2] = {{0, 0}, {0, 1}, {1, 1}};
  for (int e = 0; e < 3; ++e) {
    d.covariance[e] = e == 1 ? 0 : double(core::kLowPass);
    for (int k = 0; k < 3; ++k) d.covariance[e] += half[entries[e][0]][k] * half[entries[e][1]][k];
  }
  return d;
}

bool valid_with(const core::Camera<double>& camera, double z) {
  const double t[3] = {0, 0, z}, scale[3] = {0.01, 0.01, 0.01}, quat[4] = {1, 0, 0, 0};
  double mean[3];
  test::world_of(camera, t, mean);
  const core::Footprint<double> f = core::project(camera, mean, scale, quat);
  expect((f.radius > 0) == f.valid, "the radius must be 0 exactly where the footprint is not valid");
  return f.valid;
}

}  // namespace

TEST("complete() computes the camera's centre and the guard around an off-centre principal point") {
  Random random(41);
  for_cases(100, [&](int) {
    const core::Camera<double> c = test::random_camera(random);
    for (int i = 0; i < 3; ++i) {
      double at = c.translation[i];
      for (int k = 0; k < 3; ++k) at += c.rotation[3 * i + k] * c.center[k];
      expect_close("the centre in camera space", at, 0, 1e-13);
    }
    // In pixels the guard is 15 % of the image beyond each of its borders.
    const double share = double(core::kGuard) / 2;
    expect_close("left", c.fx * c.guard_low[0] + c.cx, -share * c.width, 1e-10);
    expect_close("right", c.fx * c.guard_high[0] + c.cx, (1 + share) * c.width, 1e-10);
    expect_close("top", c.fy * c.guard_low[1] + c.cy, -share * c.height, 1e-10);
    expect_close("bottom", c.fy * c.guard_high[1] + c.cy, (1 + share) * c.height, 1e-10);
  });
}

TEST("project() agrees with the written-out matrices, within the guard and beyond it on either axis") {
  Random random(42);
  for_cases(900, [&](int i) {
    const int side[2] = {i % 3 - 1, i / 3 % 3 - 1};
    const ProjectionCase p = test::random_case(random, side, 0.05, 40);
    const core::Footprint<double> f = test::project(p);
    const Direct d = direct_projection(p);
    expect(f.valid, "a benign Gaussian was rejected");
    expect_close("x", f.mean[0], d.mean[0], 1e-10 * p.camera.width);
    expect_close("y", f.mean[1], d.mean[1], 1e-10 * p.camera.height);
    expect_close("depth", f.depth, d.depth, 1e-12 * d.depth);
    const double xx = d.covariance[0], xy = d.covariance[1], yy = d.covariance[2];
    expect_close("variance of x", f.variance[0], xx, 1e-11 * xx);
    expect_close("variance of y", f.variance[1], yy, 1e-11 * yy);
    // The conic is the inverse: their product is the identity.
    const double size = 1e-9 * (1 + xx * f.conic[0] + yy * f.conic[2]);
    expect_close("(cov conic)[0][0]", xx * f.conic[0] + xy * f.conic[1], 1, size);
    expect_close("(cov conic)[0][1]", xx * f.conic[1] + xy * f.conic[2], 0, size * std::sqrt(xx / yy));
    expect_close("(cov conic)[1][0]", xy * f.conic[0] + yy * f.conic[1], 0, size * std::sqrt(yy / xx));
    expect_close("(cov conic)[1][1]", xy * f.conic[1] + yy * f.conic[2], 1, size);
  });
}

TEST("project() returns three standard deviations of the longer axis, rounded up, as the radius") {
  Random random(43);
  int floored = 0;
  for_cases(2000, [&](int i) {
    // Every fourth is nearly round, where the discriminant's lower bound decides.
    const ProjectionCase p =
        i % 4 == 0 ? test::random_case(random, kInside, 0.01, 0.1) : test::random_case(random, kInside, 0.05, 100);
    const Direct d = direct_projection(p);
    const double xx = d.covariance[0], xy = d.covariance[1], yy = d.covariance[2];
    const double middle = (xx + yy) / 2, discriminant = middle * middle - (xx * yy - xy * xy);
    if (discriminant < 0.1) ++floored;
    const double exact = 3 * std::sqrt(middle + std::sqrt(std::max(discriminant, double(0.1f))));
    if (std::fabs(exact - std::round(exact)) < 1e-6) return;  // rounding decides
    expect_close("radius", test::project(p).radius, std::ceil(exact), 0);
  });
  expect(floored > 100, "too few cases below the lower bound to test it");
}

TEST("project() rejects Gaussians at and behind the near plane, and none just in front of it") {
  // A camera without rotation: z passes through exactly.
  core::Camera<double> c = {};
  c.width = 100;
  c.height = 80;
  c.fx = c.fy = 90;
  c.cx = 40;
  c.cy = 50;
  c.near_plane = 0.2;
  c.rotation[0] = c.rotation[4] = c.rotation[8] = 1;
  core::complete(c);
  for (const double z : {0.2, 0.1999999, 0.0, -0.0, -0.2, -7.0, -1e30})
    expect(!valid_with(c, z), test::text("z = %g was not rejected", z));
  for (const double z : {0.2000001, 1.0, 1e6}) expect(valid_with(c, z), test::text("z = %g was rejected", z));
  c.near_plane = 0.01;
  expect(valid_with(c, 0.02) && !valid_with(c, 0.01), "another near plane must work as well");
}

TEST("project() rejects a Gaussian with a NaN or an infinity in any parameter, in double and in float") {
  Random random(44);
  const double infinity = std::numeric_limits<double>::infinity();
  for_cases(50, [&](int) {
    ProjectionCase p = test::random_case(random, kInside, 0.5, 20);
    const double exact[10] = {p.mean[0],
                              p.mean[1],
                              p.mean[2],
                              std::exp(p.log_scale[0]),
                              std::exp(p.log_scale[1]),
                              std::exp(p.log_scale[2]),
                              p.quat[0],
                              p.quat[1],
                              p.quat[2],
                              p.quat[3]};
    core::Camera<float> narrow;
    narrow.width = p.camera.width;
    narrow.height = p.camera.height;
    narrow.fx = float(p.camera.fx);
    narrow.fy = float(p.camera.fy);
    narrow.cx = float(p.camera.cx);
    narrow.cy = float(p.camera.cy);
    narrow.near_plane = float(p.camera.near_plane);
    for (int k = 0; k < 9; ++k) narrow.rotation[k] = float(p.camera.rotation[k]);
    for (int k = 0; k < 3; ++k) narrow.translation[k] = float(p.camera.translation[k]);
    core::complete(narrow);
    for (int k = 0; k < 10; ++k)
      for (const double bad : {std::nan(""), infinity, -infinity}) {
        double x[10];
        float y[10];
        for (int j = 0; j < 10; ++j) x[j] = j == k ? bad : exact[j];
        for (int j = 0; j < 10; ++j) y[j] = float(x[j]);
        const core::Footprint<double> f = core::project(p.camera, x, x + 3, x + 6);
        const core::Footprint<float> g = core::project(narrow, y, y + 3, y + 6);
        expect(!f.valid && f.radius == 0, test::text("double, parameter %d = %g", k, bad));
        expect(!g.valid && g.radius == 0, test::text("float, parameter %d = %g", k, bad));
      }
  });
}

TEST("covariance2() has the determinant of the covariance") {
  Random random(45);
  for_cases(1000, [&](int) {
    double v[6];
    for (double& each : v) each = random.log_uniform(0.1, 100) * random.sign();
    const double direct = direct_determinant(v);
    expect_close("determinant", core::covariance2(v).determinant, direct, 1e-12 * direct);
  });
}

TEST("covariance2() computes the determinant of a needle in float, where the direct formula cancels") {
  Random random(46);
  int lost = 0;
  for_cases(1000, [&](int) {
    // Two nearly parallel rows: a needle of 30 to 3000 pixels, a few hundredths of a pixel wide before the low pass.
    float v[6];
    double wide[6];
    const double length = random.log_uniform(30, 3000), slope = random.uniform(-2, 2);
    for (int k = 0; k < 3; ++k) {
      const double along = k == 0 ? length : length * random.uniform(-0.5, 0.5);
      v[k] = float(along);
      v[3 + k] = float(along * slope + random.uniform(-0.02, 0.02));
    }
    for (int k = 0; k < 6; ++k) wide[k] = v[k];
    const core::Covariance2<float> s = core::covariance2(v);
    const double exact = direct_determinant(wide);
    expect_close("double", core::covariance2(wide).determinant, exact, 1e-9 * exact);
    // The cross product still cancels: an error of about the square root of the length in units of the last place.
    expect_close("float", s.determinant, exact, 2e-7 * (4 + std::sqrt(length)) * exact);
    const float naive = s.xx * s.yy - s.xy * s.xy;
    if (std::fabs(naive - exact) > 0.01 * exact) ++lost;
  });
  expect(lost > 200, "too few cases in which the direct formula cancels");
}

TEST("project() multiplies the opacity by at most 1 with anti-aliasing, and by 1 without") {
  Random random(47);
  for_cases(1000, [&](int i) {
    ProjectionCase p = test::random_case(random, kInside, 0.02, i % 2 == 0 ? 1 : 100);
    expect(test::project(p).factor == 1, "not 1 without anti-aliasing");
    p.camera.antialiasing = true;
    const core::Footprint<double> f = test::project(p);
    const Direct d = direct_projection(p);
    const double low_pass = double(core::kLowPass), xx = d.covariance[0], xy = d.covariance[1], yy = d.covariance[2];
    const double ratio = ((xx - low_pass) * (yy - low_pass) - xy * xy) / (xx * yy - xy * xy);
    expect(f.factor <= 1, "above 1");
    // The written-out difference cancels where the splat is small against the low-pass.
    expect_close("factor squared", f.factor * f.factor, std::max(ratio, std::pow(double(core::kLeastFactor), 2)),
                 1e-9 * (1 + low_pass * low_pass / (xx * yy - xy * xy)));
  });
}

TEST("project() has an anti-aliasing factor of nearly 1 for large splats and of the area for dots") {
  Random random(48);
  for_cases(300, [&](int) {
    ProjectionCase large = test::random_case(random, kInside, 200, 2000);
    large.camera.antialiasing = true;
    expect(test::project(large).factor > 0.9999, "a large splat loses opacity");
    // factor sqrt(det (S + l I)) = sqrt(det S): the sum of alpha is that of the splat without the low-pass.
    ProjectionCase dot = test::random_case(random, kInside, 0.1, 0.2);
    dot.camera.antialiasing = true;
    const core::Footprint<double> f = test::project(dot);
    const double area = 1 / std::sqrt(f.conic[0] * f.conic[2] - f.conic[1] * f.conic[1]);
    const Direct d = direct_projection(dot);
    const double low_pass = double(core::kLowPass), xx = d.covariance[0] - low_pass, yy = d.covariance[2] - low_pass;
    const double sharp = std::sqrt(xx * yy - d.covariance[1] * d.covariance[1]);
    expect_close("area", f.factor * area, sharp, 1e-9 * area);
  });
}
