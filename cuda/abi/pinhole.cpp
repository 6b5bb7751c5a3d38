// Chooses the pinhole camera for a lens: see tame_lens_pinhole in tame.h.
#include "pinhole.h"

#include <algorithm>
#include <cmath>

#include "checks.h"

namespace tame {
namespace {

constexpr int kSamples = 256;    // of each edge: between two of them it bends by less than a hundredth of a pixel
constexpr double kWidest = 2;    // a side's largest distance from the principal point, relative to the photo's
constexpr double kSlack = 1e-6;  // pixels: rounding error of an edge on a whole pixel
constexpr double kLargest = 1e9;
constexpr double kNarrowestFov = 1, kWidestFov = 170;  // degrees: at 180 a picture is infinitely wide
constexpr double kDegree = 3.14159265358979323846 / 180;

void check_number(const char* name, double value, double low, double high) {
  if (!(value >= low && value <= high))
    fail(TAME_INVALID_ARGUMENT, "%s is %g: expected %g to %g", name, value, low, high);
}

}  // namespace

core::Lens checked_lens(const tame_lens& lens) {
  check_count("lens.model", lens.model, TAME_LENS_BROWN, TAME_LENS_EUCM);
  check_image_size(lens.width, lens.height);
  check_number("lens.fx", lens.fx, 1e-9, kLargest);
  check_number("lens.fy", lens.fy, 1e-9, kLargest);
  check_number("lens.cx", lens.cx, 0, lens.width);
  check_number("lens.cy", lens.cy, 0, lens.height);
  if (lens.fov != 0) check_number("lens.fov", lens.fov, kNarrowestFov, kWidestFov);
  core::Lens out = {lens.model, lens.fx, lens.fy, lens.cx, lens.cy, {}, 0};
  for (int i = 0; i < TAME_LENS_COEFFICIENTS; ++i) {
    check_number("lens.coefficients", lens.coefficients[i], -kLargest, kLargest);
    out.k[i] = lens.coefficients[i];
  }
  if (lens.model == TAME_LENS_FOV) {
    check_number("the angle of an FOV lens", std::fabs(out.k[0]), 0, 3.14);
    if (std::fabs(out.k[0]) < 1e-6) out.k[0] = 0;  // no distortion within rounding
    out.fov_slope = 2 * std::tan(out.k[0] / 2);
  }
  return out;
}

tame_pinhole choose_pinhole(const tame_lens& photo) {
  const core::Lens lens = checked_lens(photo);
  const double width = photo.width, height = photo.height;
  // In pixels of the pinhole from the principal point: the photo's four undistorted edges are outside.
  double left = -kWidest * lens.cx, right = kWidest * (width - lens.cx);
  double top = -kWidest * lens.cy, bottom = kWidest * (height - lens.cy);
  if (photo.fov != 0) {
    const double reach = std::tan(photo.fov / 2 * kDegree);
    right = reach * lens.fx;
    left = -right;
    bottom = reach * lens.fy;
    top = -bottom;
  }
  const auto undistorted = [&](double px, double py, double* x, double* y) {
    core::undistort(lens, (px - lens.cx) / lens.fx, (py - lens.cy) / lens.fy, x, y);
    *x *= lens.fx;
    *y *= lens.fy;
  };
  for (int i = 0; i <= kSamples; ++i) {
    const double share = double(i) / kSamples;
    double x, y;
    undistorted(0, share * height, &x, &y);
    left = std::max(left, x);
    undistorted(width, share * height, &x, &y);
    right = std::min(right, x);
    undistorted(share * width, 0, &x, &y);
    top = std::max(top, y);
    undistorted(share * width, height, &x, &y);
    bottom = std::min(bottom, y);
  }
  const double first_column = std::ceil(left + lens.cx - kSlack), first_row = std::ceil(top + lens.cy - kSlack);
  const double columns = std::floor(right + lens.cx + kSlack) - first_column;
  const double rows = std::floor(bottom + lens.cy + kSlack) - first_row;
  if (!(columns >= 1 && rows >= 1))
    fail(TAME_INVALID_ARGUMENT, "Nothing of a photo of %u x %u pixels remains after undistortion", photo.width,
         photo.height);
  if (photo.fov != 0 && !(std::max(columns, rows) <= kMaxSide))
    fail(TAME_INVALID_ARGUMENT,
         "A field of view of %g degrees has %.0f x %.0f pixels, more than %u on a side: choose a smaller one",
         photo.fov, columns, rows, unsigned(kMaxSide));
  tame_pinhole out = {};
  out.width = uint32_t(std::min(columns, double(kMaxSide)));
  out.height = uint32_t(std::min(rows, double(kMaxSide)));
  out.fx = lens.fx;
  out.fy = lens.fy;
  out.cx = lens.cx - first_column;
  out.cy = lens.cy - first_row;
  const double across =
      core::angle_to_axis(lens, -lens.cx / lens.fx, 0) + core::angle_to_axis(lens, (width - lens.cx) / lens.fx, 0);
  const double down =
      core::angle_to_axis(lens, 0, -lens.cy / lens.fy) + core::angle_to_axis(lens, 0, (height - lens.cy) / lens.fy);
  out.photo_fov_x = across / kDegree;
  out.photo_fov_y = down / kDegree;
  return out;
}

}  // namespace tame
