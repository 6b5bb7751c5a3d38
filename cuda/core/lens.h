// Lens distortion: the point in the photo at which the ray through (x, y, 1) is imaged, and the inverse.
//
// These families cover the lens models of COLMAP (https://colmap.github.io/cameras.html) but for two-stage fisheyes and
// panoramas, and those of Metashape; smaller models are these with some coefficients zero:
//  - Brown: radial polynomial, or quotient of two, and decentring (Brown 1966; the rational form as in OpenCV),
//  - fisheye: the same on the angle to the axis (Kannala and Brandt 2006), with thin prism terms (Weng et al. 1992),
//  - FOV: one angle (Devernay and Faugeras 2001),
//  - polynomial: a radial polynomial of one more degree, decentring and skew, as Metashape has it,
//  - division: the inverse in closed form (Fitzgibbon 2001),
//  - EUCM: a plane and an ellipsoid (Khomutenko et al. 2016).
#pragma once

#include <stdint.h>

#include "scalar.h"

namespace tame {
inline namespace TAME_SIMD_LEVEL {
namespace core {

enum LensModel : uint32_t { kBrown = 0, kFisheye = 1, kFov = 2, kPolynomial = 3, kDivision = 4, kEucm = 5 };

// Focal lengths and principal point in pixels; coefficients in the order of TAME_LENS_* in tame.h.
struct Lens {
  uint32_t model;
  double fx, fy, cx, cy;
  double k[8];
  double fov_slope;  // 2 tan(omega / 2)
};

// A value with its derivatives by x and y, so that distort() also computes its Jacobian.
struct Dual {
  double value, dx, dy;
};
TAME_FN double value_of(double a) {
  return a;
}
TAME_FN double value_of(const Dual& a) {
  return a.value;
}
TAME_FN Dual operator+(const Dual& a, const Dual& b) {
  return {a.value + b.value, a.dx + b.dx, a.dy + b.dy};
}
TAME_FN Dual operator+(const Dual& a, double b) {
  return {a.value + b, a.dx, a.dy};
}
TAME_FN Dual operator+(double a, const Dual& b) {
  return b + a;
}
TAME_FN Dual operator*(const Dual& a, const Dual& b) {
  return {a.value * b.value, a.dx * b.value + a.value * b.dx, a.dy * b.value + a.value * b.dy};
}
TAME_FN Dual operator*(double a, const Dual& b) {
  return {a * b.value, a * b.dx, a * b.dy};
}
TAME_FN Dual operator*(const Dual& a, double b) {
  return b * a;
}
TAME_FN Dual chain(double value, double slope, const Dual& a) {
  return {value, slope * a.dx, slope * a.dy};
}
TAME_FN Dual operator/(const Dual& a, const Dual& b) {
  const double inverse = 1 / b.value;
  return a * chain(inverse, -inverse * inverse, b);
}
TAME_FN Dual sqrt(const Dual& a) {
  const double root = ::sqrt(a.value);
  return chain(root, 0.5 / root, a);
}
TAME_FN double atan(double a) {
  return ::atan(a);
}
TAME_FN Dual atan(const Dual& a) {
  return chain(::atan(a.value), 1 / (1 + a.value * a.value), a);
}

// atan(slope r) / r with r2 = r^2; smooth at 0.
template <class T>
TAME_FN T atan_ratio(double slope, const T& r2) {
  const double s2 = slope * slope;
  if (s2 * value_of(r2) < 1e-6) return slope * (1.0 + (-s2) * r2 * (1.0 / 3 + (-s2 / 5) * r2));
  const T r = sqrt(r2);
  return atan(slope * r) / r;
}

// Decentring distortion: a lens that is slightly off the axis.
template <class T>
TAME_FN void decentre(const double* k, const T& x, const T& y, const T& r2, T* u, T* v) {
  *u = *u + 2 * k[2] * (x * y) + k[3] * (r2 + 2.0 * (x * x));
  *v = *v + 2 * k[3] * (x * y) + k[2] * (r2 + 2.0 * (y * y));
}

// A radial polynomial to the 8th power, and decentring.
template <class T>
TAME_FN void distort_polynomial(const double* k, const T& x, const T& y, const T& r2, T* u, T* v) {
  const T radial = 1.0 + r2 * (k[0] + r2 * (k[1] + r2 * (k[4] + r2 * k[5])));
  *u = x * radial;
  *v = y * radial;
  decentre(k, x, y, r2, u, v);
}

// A fisheye's ray to (u, v): (x, y) has the angle to the axis as its length, and may be beyond the plane at depth 1.
template <class T>
TAME_FN void distort_angles(const Lens& lens, T x, T y, T* u, T* v) {
  const double* k = lens.k;
  const T r2 = x * x + y * y;
  distort_polynomial(k, x, y, r2, u, v);
  *u = *u + k[6] * r2;
  *v = *v + k[7] * r2;
}

// distort() of the models after FOV. Where a division model has no image, u and v are NaN.
template <class T>
TAME_FN void distort_other(const Lens& lens, const T& x, const T& y, T* u, T* v) {
  const double* k = lens.k;
  const T r2 = x * x + y * y;
  if (lens.model == kPolynomial) {
    distort_polynomial(k, x, y, r2, u, v);
    *u = *u + k[6] * *v;
  } else {
    const T depth =
        lens.model == kDivision ? 0.5 + 0.5 * sqrt(1.0 + (-4 * k[0]) * r2) : k[0] * sqrt(1.0 + k[1] * r2) + (1 - k[0]);
    *u = x / depth;
    *v = y / depth;
  }
}

// (x, y) on the plane at depth 1 to (u, v) in focal lengths from the principal point.
template <class T>
TAME_FN void distort(const Lens& lens, T x, T y, T* u, T* v) {
  if (lens.model > kFov) return distort_other(lens, x, y, u, v);
  const double* k = lens.k;
  const T r2 = x * x + y * y;
  if (lens.model == kFov) {
    const T scale = k[0] == 0 ? 1.0 + 0.0 * r2 : (1 / k[0]) * atan_ratio(lens.fov_slope, r2);
    *u = x * scale;
    *v = y * scale;
  } else if (lens.model == kFisheye) {
    const T ratio = atan_ratio(1, r2);
    distort_angles(lens, x * ratio, y * ratio, u, v);
  } else {
    const T radial = (1.0 + r2 * (k[0] + r2 * (k[1] + r2 * k[4]))) / (1.0 + r2 * (k[5] + r2 * (k[6] + r2 * k[7])));
    *u = x * radial;
    *v = y * radial;
    decentre(k, x, y, r2, u, v);
  }
}

// The point in the photo at which the ray is imaged, in pixels.
TAME_FN void project(const Lens& lens, double x, double y, double* px, double* py) {
  double u, v;
  distort(lens, x, y, &u, &v);
  *px = lens.fx * u + lens.cx;
  *py = lens.fy * v + lens.cy;
}

// Newton's method for map(x, y) = (u, v) from the given start. False, with x and y unchanged, unless it converges to a
// point around which the map keeps its orientation and that is no farther off than `reach`.
template <class Map>
bool solve(const Map& map, double u, double v, double reach, double* x, double* y) {
  constexpr int kIterations = 20;
  constexpr double kExact = 1e-12;  // in focal lengths
  double at_x = *x, at_y = *y;
  for (int i = 0; i < kIterations; ++i) {
    Dual got_u, got_v;
    map(Dual{at_x, 1, 0}, Dual{at_y, 0, 1}, &got_u, &got_v);
    const double determinant = got_u.dx * got_v.dy - got_u.dy * got_v.dx;
    if (!(determinant > 0)) return false;
    const double error_u = got_u.value - u, error_v = got_v.value - v;
    if (error_u * error_u + error_v * error_v < kExact * kExact * (1 + u * u + v * v)) {
      *x = at_x;
      *y = at_y;
      return true;
    }
    at_x -= (got_v.dy * error_u - got_u.dy * error_v) / determinant;
    at_y -= (got_u.dx * error_v - got_v.dx * error_u) / determinant;
    if (!(at_x * at_x + at_y * at_y <= reach * reach)) return false;
  }
  return false;
}

// The point (x, y) that the map takes to (u, v), found by steps from the axis outwards, so that it is the right one if
// the polynomial has several. False if the map folds back, or passes `reach`, on the way: (x, y) is then the last point
// before that.
template <class Map>
bool invert(const Map& map, double u, double v, double reach, double* x, double* y) {
  constexpr double kFirstStep = 1.0 / 8, kLeastStep = 1.0 / 4096;
  *x = *y = 0;
  double done = 0, step = kFirstStep;
  while (done < 1) {
    const double next = done + step < 1 ? done + step : 1;
    if (solve(map, next * u, next * v, reach, x, y)) {
      done = next;
    } else {
      step /= 2;
      if (step < kLeastStep) return false;
    }
  }
  return true;
}

// The point of the plane at depth 1 that the lens images at (u, v). False if the lens folds back, or turns away from
// the plane, on the way from the axis: (x, y) is then the last point before that.
inline bool undistort(const Lens& lens, double u, double v, double* x, double* y) {
  constexpr double kFarthest = 1e3;
  const auto map = [&](Dual at_x, Dual at_y, Dual* to_u, Dual* to_v) { distort(lens, at_x, at_y, to_u, to_v); };
  return invert(map, u, v, kFarthest, x, y);
}

// The angle to the axis, in radians, of the ray that the lens images at (u, v); where it folds back before, that of the
// fold. Of a fisheye it may be more than a right angle.
inline double angle_to_axis(const Lens& lens, double u, double v) {
  constexpr double kHalfTurn = 3.14159265358979323846;
  double x, y;
  if (lens.model != kFisheye) {
    undistort(lens, u, v, &x, &y);
    return ::atan(::sqrt(x * x + y * y));
  }
  const auto map = [&](Dual at_x, Dual at_y, Dual* to_u, Dual* to_v) { distort_angles(lens, at_x, at_y, to_u, to_v); };
  invert(map, u, v, kHalfTurn, &x, &y);
  return ::sqrt(x * x + y * y);
}

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame
