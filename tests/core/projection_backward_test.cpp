// core::project_backward() against central differences of core::project().
#include "projection_cases.h"

namespace core = tame::core;
using test::expect;
using test::expect_block;
using test::expect_gradient;
using test::for_cases;
using test::ProjectionCase;
using test::Random;

namespace {

enum Cotangents { kOfMean, kOfConic, kOfBoth };

struct Weights {
  double mean[2], conic[3], factor;
};

template <class T>
void backward(const core::Camera<T>& camera, const T mean[3], const T scale[3], const T quat[4], const T w_mean[2],
              const T w_conic[3], T w_factor, T g[10]) {
  core::project_backward(camera, mean, scale, quat, w_mean, w_conic, w_factor, g, g + 3, g + 6);
}

// Cotangents scaled so that all kinds matter: those of conic entries by the inverse of the entry. The one of the
// logarithm of the factor is 0 without anti-aliasing.
Weights random_cotangents(Random& random, Cotangents which, const ProjectionCase& p) {
  const core::Footprint<double> f = test::project(p);
  Weights w;
  for (int k = 0; k < 2; ++k) w.mean[k] = which == kOfConic ? 0 : random.normal();
  const double size = 10 / std::max(f.conic[0], f.conic[2]);
  for (int k = 0; k < 3; ++k) w.conic[k] = which == kOfMean ? 0 : size * random.normal();
  w.factor = p.camera.antialiasing ? 10 * random.normal() : 0;
  return w;
}

void check(Random& random, ProjectionCase p, Cotangents which) {
  double g[10];
  const core::Footprint<double> at = test::project(p);
  expect(at.valid, "a benign Gaussian was rejected");
  const Weights w = random_cotangents(random, which, p);
  const double scale[3] = {std::exp(p.log_scale[0]), std::exp(p.log_scale[1]), std::exp(p.log_scale[2])};
  backward(p.camera, p.mean, scale, p.quat, w.mean, w.conic, w.factor, g);
  // Relative to the footprint's position, so that the large pixel coordinate does not cost digits.
  const auto loss = [&] {
    const core::Footprint<double> f = test::project(p);
    double sum = w.factor * std::log(f.factor / at.factor);
    for (int k = 0; k < 2; ++k) sum += w.mean[k] * (f.mean[k] - at.mean[k]);
    for (int k = 0; k < 3; ++k) sum += w.conic[k] * (f.conic[k] - at.conic[k]);
    return sum;
  };
  double size = std::fabs(w.factor), unit[4];
  for (int k = 0; k < 2; ++k) size += std::fabs(w.mean[k]) * (std::fabs(at.mean[k]) + 1);
  for (int k = 0; k < 3; ++k) size += std::fabs(w.conic[k] * at.conic[k]);
  const double length = 1 / core::normalize(p.quat, unit);
  const double noise = 1e-13 * size;
  const double mean_step = 0.01 * p.depth, quat_step = 0.01 * length;
  const double mean_steps[3] = {mean_step, mean_step, mean_step}, scale_steps[3] = {0.02, 0.02, 0.02};
  const double quat_steps[4] = {quat_step, quat_step, quat_step, quat_step};
  expect_gradient("mean", g, p.mean, 3, mean_steps, 1e-9, noise, loss);
  expect_gradient("log-scale", g + 3, p.log_scale, 3, scale_steps, 1e-9, noise, loss);
  expect_gradient("quaternion", g + 6, p.quat, 4, quat_steps, 1e-9, noise, loss);
  if (which == kOfMean && !p.camera.antialiasing)
    for (int k = 3; k < 10; ++k) expect(g[k] == 0, "the 2D mean depends on the 3D mean alone");
}

void check_side(uint64_t seed, int side_x, int side_y, Cotangents which) {
  Random random(seed);
  const int side[2] = {side_x, side_y};
  for_cases(150, [&](int) { check(random, test::random_case(random, side, 0.1, 30), which); });
}

}  // namespace

TEST("project_backward() is the derivative of the 2D mean") {
  check_side(51, 0, 0, kOfMean);
  check_side(52, 1, -1, kOfMean);
}

TEST("project_backward() is the derivative of the conic within the guard") {
  check_side(53, 0, 0, kOfConic);
}

TEST("project_backward() is the derivative of mean and conic together within the guard") {
  check_side(54, 0, 0, kOfBoth);
}

TEST("project_backward() has no gradient through the guard when it clamps x") {
  check_side(55, -1, 0, kOfBoth);
  check_side(56, 1, 0, kOfBoth);
}

TEST("project_backward() has no gradient through the guard when it clamps y") {
  check_side(57, 0, -1, kOfBoth);
  check_side(58, 0, 1, kOfBoth);
}

TEST("project_backward() has no gradient through the guard when it clamps both") {
  check_side(59, -1, -1, kOfBoth);
  check_side(60, 1, -1, kOfBoth);
  check_side(61, -1, 1, kOfBoth);
  check_side(62, 1, 1, kOfBoth);
}

TEST("project_backward() is right for needles and discs") {
  Random random(63);
  const int inside[2] = {0, 0};
  for_cases(200, [&](int i) {
    ProjectionCase p = test::random_case(random, inside, 20, 60);
    const double thinner = std::log(random.log_uniform(200, 2000));
    p.log_scale[0] -= thinner;
    if (i % 2 == 0) p.log_scale[1] -= thinner;
    check(random, p, kOfBoth);
  });
}

TEST("project_backward() is the derivative of the anti-aliasing factor, of dots, needles and large splats") {
  Random random(66);
  const int inside[2] = {0, 0};
  int small = 0, large = 0;
  for_cases(400, [&](int i) {
    ProjectionCase p = test::random_case(random, inside, i % 2 == 0 ? 0.1 : 0.3, i % 2 == 0 ? 1 : 30);
    if (i % 4 == 3) p.log_scale[0] -= std::log(random.log_uniform(2, 100));
    p.camera.antialiasing = true;
    const double factor = test::project(p).factor;
    if (factor < 1.3 * double(core::kLeastFactor)) return;  // difference steps might cross the least
    small += factor < 0.3;
    large += factor > 0.95;
    check(random, p, i % 3 == 0 ? kOfMean : kOfBoth);
  });
  expect(small > 20 && large > 20, test::text("%d small and %d large factors do not test all", small, large));
}

TEST("project_backward() has no gradient of the anti-aliasing factor where it is the least") {
  Random random(67);
  const int inside[2] = {0, 0};
  for_cases(50, [&](int i) {
    ProjectionCase p = test::random_case(random, inside, 0.001, 0.02);
    if (i % 2 == 0) p.log_scale[0] = p.log_scale[1] = -std::numeric_limits<double>::infinity();  // a line: no area
    p.camera.antialiasing = true;
    const double scale[3] = {std::exp(p.log_scale[0]), std::exp(p.log_scale[1]), std::exp(p.log_scale[2])};
    const double none[3] = {};
    double g[10];
    expect(test::project(p).factor < 1.000001 * double(core::kLeastFactor), "the factor is not the least");
    backward(p.camera, p.mean, scale, p.quat, none, none, 1.0, g);
    for (int k = 0; k < 10; ++k) expect(g[k] == 0, "a gradient where the factor is the least");
  });
}

TEST("project_backward() gives a spherical Gaussian's quaternion no gradient") {
  Random random(64);
  const int inside[2] = {0, 0};
  for_cases(50, [&](int) {
    ProjectionCase p = test::random_case(random, inside, 1, 20);
    p.log_scale[1] = p.log_scale[2] = p.log_scale[0];
    double g[10];
    const Weights w = random_cotangents(random, kOfBoth, p);
    const double s = std::exp(p.log_scale[0]), scale[3] = {s, s, s};
    backward(p.camera, p.mean, scale, p.quat, w.mean, w.conic, w.factor, g);
    double unit[4];
    const double inverse = core::normalize(p.quat, unit), none[4] = {};
    expect_block("quaternion", g + 6, none, 4, 0, 1e-12 * test::largest(g + 3, 3) * inverse);
  });
}

TEST("project() and project_backward() in float agree with double to 2e-5 and 1e-4 on benign Gaussians") {
  Random random(65);
  for_cases(900, [&](int i) {
    const int side[2] = {i % 3 - 1, i / 3 % 3 - 1};
    ProjectionCase p = test::random_case(random, side, 0.5, 10);
    // Both get numbers that are exact in float.
    core::Camera<float> c;
    core::Camera<double> d = p.camera;
    c.width = d.width;
    c.height = d.height;
    p.camera.antialiasing = c.antialiasing = d.antialiasing = i % 2 == 0;
    const auto round = [](double& from, float& to) { from = to = float(from); };
    round(d.fx, c.fx);
    round(d.fy, c.fy);
    round(d.cx, c.cx);
    round(d.cy, c.cy);
    round(d.near_plane, c.near_plane);
    for (int k = 0; k < 9; ++k) round(d.rotation[k], c.rotation[k]);
    for (int k = 0; k < 3; ++k) round(d.translation[k], c.translation[k]);
    core::complete(c);
    core::complete(d);
    double x[10], g[10];
    float x1[10], w1[6], g1[10];
    for (int k = 0; k < 3; ++k) x[k] = p.mean[k];
    for (int k = 0; k < 3; ++k) x[3 + k] = std::exp(p.log_scale[k]);
    for (int k = 0; k < 4; ++k) x[6 + k] = p.quat[k];
    for (int k = 0; k < 10; ++k) round(x[k], x1[k]);
    const core::Footprint<double> f = core::project(d, x, x + 3, x + 6);
    const core::Footprint<float> f1 = core::project(c, x1, x1 + 3, x1 + 6);
    expect(f1.valid, "float rejected a benign Gaussian");
    // Rounding of a world position of a few tens of units, relative to the Gaussian's depth.
    const double shift = 2e-7 * (test::largest(x, 3) + test::largest(d.translation, 3) + p.depth) / p.depth;
    expect_block("mean", f1.mean, f.mean, 2, 1e-6, 4 * shift * std::max(d.fx, d.fy));
    expect_block("variance", f1.variance, f.variance, 2, 2e-5);
    expect_block("conic", f1.conic, f.conic, 3, 2e-5);
    expect_block("factor", &f1.factor, &f.factor, 1, 2e-5);
    Weights w = random_cotangents(random, kOfBoth, p);
    for (int k = 0; k < 2; ++k) round(w.mean[k], w1[k]);
    for (int k = 0; k < 3; ++k) round(w.conic[k], w1[2 + k]);
    round(w.factor, w1[5]);
    backward(d, x, x + 3, x + 6, w.mean, w.conic, w.factor, g);
    backward(c, x1, x1 + 3, x1 + 6, w1, w1 + 2, w1[5], g1);
    double unit[4];
    const double inverse = core::normalize(x + 6, unit);
    expect_block("gradient of the mean", g1, g, 3, 1e-4);
    expect_block("gradient of the log-scale", g1 + 3, g + 3, 3, 1e-4);
    // Nearly spherical Gaussians have a tiny quaternion gradient: differences of the log-scale's terms.
    expect_block("gradient of the quaternion", g1 + 6, g + 6, 4, 1e-4, 1e-5 * test::largest(g + 3, 3) * inverse);
  });
}
