// Random cameras and Gaussians in front of them, with given positions and sizes on the image.
#pragma once

#include "core/projection.h"
#include "test.h"

namespace test {

struct ProjectionCase {
  tame::core::Camera<double> camera;
  double mean[3], log_scale[3], quat[4];
  double depth;
};

// A camera with its principal point off the centre and different focal lengths per axis.
inline tame::core::Camera<double> random_camera(Random& random) {
  tame::core::Camera<double> c;
  c.width = 64 + random.below(1500);
  c.height = 64 + random.below(1500);
  c.fx = c.width * random.uniform(0.5, 2);
  c.fy = c.height * random.uniform(0.5, 2);
  c.cx = c.width * random.uniform(0.2, 0.8);
  c.cy = c.height * random.uniform(0.2, 0.8);
  c.near_plane = 0.2;
  double q[4], unit[4];
  for (double& each : q) each = random.normal();
  tame::core::normalize(q, unit);
  tame::core::rotation(unit, c.rotation);
  for (double& each : c.translation) each = random.uniform(-5, 5);
  tame::core::complete(c);
  return c;
}

inline void world_of(const tame::core::Camera<double>& c, const double t[3], double mean[3]) {
  for (int k = 0; k < 3; ++k) {
    mean[k] = 0;
    for (int row = 0; row < 3; ++row) mean[k] += c.rotation[3 * row + k] * (t[row] - c.translation[row]);
  }
}

// side[axis]: -1 below the guard, 0 within it, +1 above; far enough from its bounds that no difference step crosses
// them. pixels: range of the three axes' sizes on the image.
inline ProjectionCase random_case(Random& random, const int side[2], double smallest_pixels, double largest_pixels) {
  ProjectionCase p;
  p.camera = random_camera(random);
  p.depth = random.log_uniform(0.3, 60);
  double t[3];
  for (int i = 0; i < 2; ++i) {
    const double low = p.camera.guard_low[i], high = p.camera.guard_high[i], margin = 0.05;
    const double ratio = side[i] < 0   ? low - margin - random.uniform(0, 1)
                         : side[i] > 0 ? high + margin + random.uniform(0, 1)
                                       : random.uniform(low + margin, high - margin);
    t[i] = ratio * p.depth;
  }
  t[2] = p.depth;
  world_of(p.camera, t, p.mean);
  const double focal = std::sqrt(p.camera.fx * p.camera.fy), length = random.log_uniform(0.05, 20);
  for (double& each : p.log_scale)
    each = std::log(random.log_uniform(smallest_pixels, largest_pixels) * p.depth / focal);
  double unit[4];
  for (double& each : p.quat) each = random.normal();
  tame::core::normalize(p.quat, unit);
  for (int k = 0; k < 4; ++k) p.quat[k] = unit[k] * length;
  return p;
}

inline tame::core::Footprint<double> project(const ProjectionCase& p) {
  const double scale[3] = {std::exp(p.log_scale[0]), std::exp(p.log_scale[1]), std::exp(p.log_scale[2])};
  return tame::core::project(p.camera, p.mean, scale, p.quat);
}

}  // namespace test
