// Projection of a 3D Gaussian by a pinhole camera: EWA splatting (Zwicker et al. 2001) as used by Kerbl et al. 2023,
// with the principal point, and optionally anti-aliased (Yu et al. 2024, Mip-Splatting). In all pixel coordinates the
// centre of pixel (i, j) is (i + 0.5, j + 0.5).
#pragma once

#include "../tame.h"
#include "activations.h"
#include "scalar.h"

namespace tame {
inline namespace TAME_SIMD_LEVEL {
namespace core {

constexpr float kLowPass = 0.3f;        // px^2 added to the 2D covariance: no splat is thinner than about a pixel
constexpr float kGuard = 0.3f;          // the Jacobian is clamped beyond the border by this fraction of half the image
constexpr float kRadiusSigmas = 3.f;    // of the longer axis, in a radius
constexpr float kLeastFactor = 0.005f;  // of an opacity, with anti-aliasing

// Scalars S (float or double) shared by all lanes.
template <class S>
struct Camera {
  int width, height;
  S fx, fy, cx, cy, near_plane;
  S rotation[9];                  // world to camera, row-major
  S translation[3];               // camera = R world + t
  S center[3];                    // -R^T t
  S guard_low[2], guard_high[2];  // bounds of x/z and y/z in the Jacobian
  uint32_t coverage = TAME_COVERAGE_ALPHA;
  bool antialiasing = false;
};

template <class S>
TAME_FN void complete(Camera<S>& c) {
  for (int k = 0; k < 3; ++k)
    c.center[k] = -(c.rotation[k] * c.translation[0] + c.rotation[3 + k] * c.translation[1] +
                    c.rotation[6 + k] * c.translation[2]);
  const S margin_x = S(kGuard) * S(c.width) / (S(2) * c.fx), margin_y = S(kGuard) * S(c.height) / (S(2) * c.fy);
  c.guard_low[0] = -(c.cx / c.fx + margin_x);
  c.guard_high[0] = (S(c.width) - c.cx) / c.fx + margin_x;
  c.guard_low[1] = -(c.cy / c.fy + margin_y);
  c.guard_high[1] = (S(c.height) - c.cy) / c.fy + margin_y;
}

inline Camera<float> camera_from(const tame_camera& camera) {
  Camera<float> c;
  c.width = int(camera.width);
  c.height = int(camera.height);
  c.fx = camera.fx;
  c.fy = camera.fy;
  c.cx = camera.cx;
  c.cy = camera.cy;
  c.near_plane = camera.near_plane;
  for (int k = 0; k < 9; ++k) c.rotation[k] = camera.rotation[k];
  for (int k = 0; k < 3; ++k) c.translation[k] = camera.translation[k];
  c.coverage = camera.coverage;
  c.antialiasing = camera.antialiasing != 0;
  complete(c);
  return c;
}

template <class T>
struct Footprint {
  T mean[2];      // px
  T depth;        // camera z
  T variance[2];  // diagonal of the 2D covariance, low-pass included, px^2
  T conic[3];     // A, B, C of the inverse covariance [[A, B], [B, C]]
  T factor;       // of the opacity; 1 without anti-aliasing
  T radius;       // whole pixels, 3 sigma of the longer axis; 0 where not valid
  Mask<T> valid;  // in front of the near plane, and finite
};

// Values that the projection shares with its backward pass.
template <class T>
struct ProjectionTerms {
  T t[3];  // camera space
  T inverse_z;
  T ratio[2];       // t_x / t_z, t_y / t_z within the guard
  Mask<T> free[2];  // not clamped by the guard
  T m[6];           // J R_camera, 2 x 3
  T unit[4], inverse_length;
  T r[9];  // rotation of the Gaussian
  T a[6];  // m r, 2 x 3
  T v[6];  // m r S: the 2D covariance is v v^T
};

template <class T, class S>
TAME_FN ProjectionTerms<T> projection_terms(const Camera<S>& c, const T mean[3], const T scale[3], const T quat[4]) {
  ProjectionTerms<T> p;
  for (int k = 0; k < 3; ++k)
    p.t[k] = mad(T(c.rotation[3 * k]), mean[0],
                 mad(T(c.rotation[3 * k + 1]), mean[1], mad(T(c.rotation[3 * k + 2]), mean[2], T(c.translation[k]))));
  p.inverse_z = T(1) / p.t[2];
  const S focal[2] = {c.fx, c.fy};
  for (int i = 0; i < 2; ++i) {
    const T ratio = p.t[i] * p.inverse_z;
    const T low = T(c.guard_low[i]), high = T(c.guard_high[i]);
    p.free[i] = (ratio >= low) & (ratio <= high);
    p.ratio[i] = clamp(ratio, low, high);
    const T j_diagonal = T(focal[i]) * p.inverse_z, j_depth = -(j_diagonal * p.ratio[i]);
    for (int k = 0; k < 3; ++k)
      p.m[3 * i + k] = mad(j_diagonal, T(c.rotation[3 * i + k]), j_depth * T(c.rotation[6 + k]));
  }
  p.inverse_length = normalize(quat, p.unit);
  rotation(p.unit, p.r);
  for (int i = 0; i < 2; ++i)
    for (int k = 0; k < 3; ++k) {
      p.a[3 * i + k] = mad(p.m[3 * i], p.r[k], mad(p.m[3 * i + 1], p.r[3 + k], p.m[3 * i + 2] * p.r[6 + k]));
      p.v[3 * i + k] = p.a[3 * i + k] * scale[k];
    }
  return p;
}

template <class T>
struct Covariance2 {
  T xx, xy, yy;  // low-pass included
  T determinant;
  T sharp;  // the determinant without the low-pass
};

// det(V V^T + l I) = |v0 x v1|^2 + l (|v0|^2 + |v1|^2) + l^2 (Cauchy-Binet): sums of squares only, where
// xx yy - xy^2 would cancel for needle-thin splats.
template <class T>
TAME_FN Covariance2<T> covariance2(const T v[6]) {
  const T xx = dot3(v, v), yy = dot3(v + 3, v + 3), xy = dot3(v, v + 3);
  const T n0 = v[1] * v[5] - v[2] * v[4], n1 = v[2] * v[3] - v[0] * v[5], n2 = v[0] * v[4] - v[1] * v[3];
  const T low_pass = T(kLowPass);
  Covariance2<T> s;
  s.sharp = mad(n0, n0, mad(n1, n1, n2 * n2));
  s.determinant = s.sharp + low_pass * (xx + yy) + low_pass * low_pass;
  s.xx = xx + low_pass;
  s.xy = xy;
  s.yy = yy + low_pass;
  return s;
}

// The factor on the opacity that keeps the sum of alpha over the pixels unchanged by the low-pass: without it a splat
// smaller than a pixel would have the sum of a splat as large as the low-pass (Yu et al. 2024, equation 9).
template <class T>
TAME_FN T opacity_factor(const Covariance2<T>& s) {
  return sqrt(maximum(s.sharp / s.determinant, T(kLeastFactor * kLeastFactor)));
}

// The gradient of log(opacity_factor) with respect to v, times g: with n = v0 x v1 it is (v1 x n, n x v0) / |n|^2 for
// the sharp determinant |n|^2, less ((v1 x n, n x v0) + l v) / det for the other. 0 where the factor is the least.
template <class T>
TAME_FN void opacity_factor_backward(const T v[6], const Covariance2<T>& s, T g, T out[6]) {
  const T n0 = v[1] * v[5] - v[2] * v[4], n1 = v[2] * v[3] - v[0] * v[5], n2 = v[0] * v[4] - v[1] * v[3];
  const T u[6] = {v[4] * n2 - v[5] * n1, v[5] * n0 - v[3] * n2, v[3] * n1 - v[4] * n0,
                  n1 * v[2] - n2 * v[1], n2 * v[0] - n0 * v[2], n0 * v[1] - n1 * v[0]};
  const T low_pass = T(kLowPass), added = low_pass * (s.xx + s.yy - low_pass);  // determinant - sharp
  const Mask<T> free = s.sharp > s.determinant * T(kLeastFactor * kLeastFactor);
  const T of_u = select(free, g * (added / (s.sharp * s.determinant)), T(0));
  const T of_v = select(free, g * (low_pass / s.determinant), T(0));
  for (int k = 0; k < 6; ++k) out[k] = of_u * u[k] - of_v * v[k];
}

// scale: used values (not logarithms); quat: as stored.
template <class T, class S>
TAME_FN Footprint<T> project(const Camera<S>& c, const T mean[3], const T scale[3], const T quat[4]) {
  const ProjectionTerms<T> p = projection_terms(c, mean, scale, quat);
  const Covariance2<T> s = covariance2(p.v);
  Footprint<T> f;
  f.depth = p.t[2];
  f.mean[0] = mad(T(c.fx) * p.inverse_z, p.t[0], T(c.cx));
  f.mean[1] = mad(T(c.fy) * p.inverse_z, p.t[1], T(c.cy));
  f.variance[0] = s.xx;
  f.variance[1] = s.yy;
  const T inverse = T(1) / s.determinant;
  f.conic[0] = s.yy * inverse;
  f.conic[1] = -(s.xy * inverse);
  f.conic[2] = s.xx * inverse;
  f.factor = c.antialiasing ? opacity_factor(s) : T(1);
  const T half_difference = T(0.5f) * (s.xx - s.yy);
  const T spread = sqrt(maximum(mad(half_difference, half_difference, s.xy * s.xy), T(0.1f)));
  const T radius = ceil(T(kRadiusSigmas) * sqrt(T(0.5f) * (s.xx + s.yy) + spread));
  // Comparisons with NaN are false: a Gaussian with a NaN anywhere is not valid. 1e9 px counts as infinity.
  const T most = T(1e9f);
  f.valid = (p.t[2] > T(c.near_plane)) & (p.t[2] < T(1e30f)) & (radius < most) & (f.mean[0] < most) &
            (f.mean[0] > -most) & (f.mean[1] < most) & (f.mean[1] > -most) & (f.conic[0] > T(0)) & (f.conic[2] > T(0));
  f.radius = select(f.valid, radius, T(0));
  return f;
}

// Gradients of the raw parameters from those of the 2D mean, the conic entries (A, B, C) and, with anti-aliasing, the
// logarithm of the opacity that is blended, which through its factor depends on the covariance.
template <class T, class S>
TAME_FN void project_backward(const Camera<S>& c, const T mean[3], const T scale[3], const T quat[4],
                              const T g_mean2[2], const T g_conic[3], T g_log_opacity, T g_mean[3], T g_log_scale[3],
                              T g_quat[4]) {
  const ProjectionTerms<T> p = projection_terms(c, mean, scale, quat);
  const Covariance2<T> s = covariance2(p.v);
  const T inverse = T(1) / s.determinant;
  const T A = s.yy * inverse, B = -(s.xy * inverse), C = s.xx * inverse;

  // Columns w_k of conic v. With conic = adj(v v^T + l I) / det, column k is (l v_k + sum over j != k of
  // cross(v_j, v_k) times v_j rotated by 90 degrees) / det. This avoids the cancellation of conic times v_k along the
  // axis of needle-thin splats.
  T w[6];
  for (int k = 0; k < 3; ++k) {
    T along_x = T(kLowPass) * p.v[k], along_y = T(kLowPass) * p.v[3 + k];
    for (int j = 0; j < 3; ++j) {
      if (j == k) continue;
      const T cross = p.v[j] * p.v[3 + k] - p.v[3 + j] * p.v[k];
      along_x = mad(-p.v[3 + j], cross, along_x);
      along_y = mad(p.v[j], cross, along_y);
    }
    w[k] = along_x * inverse;
    w[3 + k] = along_y * inverse;
  }

  // d(conic) = -conic d(v v^T) conic, hence d loss / d v = -2 conic G w with G = [[g_A, g_B / 2], [g_B / 2, g_C]].
  T g_a[6];
  for (int k = 0; k < 3; ++k) {
    const T z0 = -mad(T(2) * g_conic[0], w[k], g_conic[1] * w[3 + k]);
    const T z1 = -mad(T(2) * g_conic[2], w[3 + k], g_conic[1] * w[k]);
    g_log_scale[k] = mad(w[k], z0, w[3 + k] * z1);  // v = a s, so s dv/ds = v
    g_a[k] = mad(A, z0, B * z1) * scale[k];
    g_a[3 + k] = mad(B, z0, C * z1) * scale[k];
  }
  if (c.antialiasing) {
    T g_v[6];
    opacity_factor_backward(p.v, s, g_log_opacity, g_v);
    for (int k = 0; k < 3; ++k) {
      g_log_scale[k] = g_log_scale[k] + mad(p.v[k], g_v[k], p.v[3 + k] * g_v[3 + k]);
      g_a[k] = mad(g_v[k], scale[k], g_a[k]);
      g_a[3 + k] = mad(g_v[3 + k], scale[k], g_a[3 + k]);
    }
  }

  T g_r[9], g_m[6];
  for (int row = 0; row < 3; ++row) {
    for (int k = 0; k < 3; ++k) g_r[3 * row + k] = mad(p.m[row], g_a[k], p.m[3 + row] * g_a[3 + k]);
    g_m[row] = dot3(g_a, p.r + 3 * row);
    g_m[3 + row] = dot3(g_a + 3, p.r + 3 * row);
  }
  T g_unit[4];
  rotation_backward(p.unit, g_r, g_unit);
  normalize_backward(p.unit, p.inverse_length, g_unit, g_quat);

  // Camera-space position: through the 2D mean and through the Jacobian, whose clamped ratios are constant.
  const S focal[2] = {c.fx, c.fy};
  T g_t[3];
  g_t[2] = T(0);
  for (int i = 0; i < 2; ++i) {
    const T j_diagonal = T(focal[i]) * p.inverse_z;
    T g_diagonal = T(0), g_depth = T(0);
    for (int k = 0; k < 3; ++k) {
      g_diagonal = mad(g_m[3 * i + k], T(c.rotation[3 * i + k]), g_diagonal);
      g_depth = mad(g_m[3 * i + k], T(c.rotation[6 + k]), g_depth);
    }
    const T through_ratio = -(j_diagonal * g_depth);  // d/d(ratio) of -f ratio / z
    g_t[i] = j_diagonal * g_mean2[i] + select(p.free[i], through_ratio * p.inverse_z, T(0));
    const T ratio_moves = select(p.free[i], p.ratio[i] * through_ratio, T(0));
    g_t[2] = g_t[2] - p.inverse_z * (j_diagonal * p.t[i] * g_mean2[i] + j_diagonal * g_diagonal -
                                     j_diagonal * p.ratio[i] * g_depth + ratio_moves);
  }
  for (int k = 0; k < 3; ++k)
    g_mean[k] = mad(T(c.rotation[k]), g_t[0], mad(T(c.rotation[3 + k]), g_t[1], T(c.rotation[6 + k]) * g_t[2]));
}

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame
