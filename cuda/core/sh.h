// View-dependent colour: real spherical harmonics up to degree 3 (constants as in Kerbl et al. 2023), and the gradient
// through the viewing direction.
#pragma once

#include "scalar.h"

namespace tame {
inline namespace TAME_SIMD_LEVEL {
namespace core {

constexpr int kMaxShDegree = 3;
constexpr int kMaxShCoefficients = 16;
TAME_FN constexpr int sh_coefficients(int degree) {
  return (degree + 1) * (degree + 1);
}

constexpr float kC0 = 0.28209479177387814f;
constexpr float kC1 = 0.4886025119029199f;
constexpr float kC20 = 1.0925484305920792f, kC22 = 0.31539156525252005f, kC24 = 0.5462742152960396f;
constexpr float kC30 = 0.5900435899266435f, kC31 = 2.890611442640554f, kC32 = 0.4570457994644658f,
                kC33 = 0.3731763325901154f, kC35 = 1.445305721320277f;

// y[k], k < (degree + 1)^2, at the unit direction d.
template <class T>
TAME_FN void sh_basis(int degree, const T d[3], T y[kMaxShCoefficients]) {
  y[0] = T(kC0);
  if (degree < 1) return;
  const T x = d[0], yy = d[1], z = d[2];
  y[1] = -(T(kC1) * yy);
  y[2] = T(kC1) * z;
  y[3] = -(T(kC1) * x);
  if (degree < 2) return;
  const T x2 = x * x, y2 = yy * yy, z2 = z * z, xy = x * yy;
  y[4] = T(kC20) * xy;
  y[5] = -(T(kC20) * (yy * z));
  y[6] = T(kC22) * (T(2) * z2 - x2 - y2);
  y[7] = -(T(kC20) * (x * z));
  y[8] = T(kC24) * (x2 - y2);
  if (degree < 3) return;
  y[9] = -(T(kC30) * yy * (T(3) * x2 - y2));
  y[10] = T(kC31) * xy * z;
  y[11] = -(T(kC32) * yy * (T(4) * z2 - x2 - y2));
  y[12] = T(kC33) * z * (T(2) * z2 - T(3) * x2 - T(3) * y2);
  y[13] = -(T(kC32) * x * (T(4) * z2 - x2 - y2));
  y[14] = T(kC35) * z * (x2 - y2);
  y[15] = -(T(kC30) * x * (x2 - T(3) * y2));
}

// g[3] = sum over k of w[k] times the gradient of y[k], the three entries of d treated as independent.
template <class T>
TAME_FN void sh_basis_backward(int degree, const T d[3], const T w[kMaxShCoefficients], T g[3]) {
  g[0] = g[1] = g[2] = T(0);
  if (degree < 1) return;
  const T x = d[0], y = d[1], z = d[2];
  g[0] = -(T(kC1) * w[3]);
  g[1] = -(T(kC1) * w[1]);
  g[2] = T(kC1) * w[2];
  if (degree < 2) return;
  const T two = T(2);
  g[0] = g[0] + T(kC20) * (y * w[4] - z * w[7]) - two * x * (T(kC22) * w[6] - T(kC24) * w[8]);
  g[1] = g[1] + T(kC20) * (x * w[4] - z * w[5]) - two * y * (T(kC22) * w[6] + T(kC24) * w[8]);
  g[2] = g[2] - T(kC20) * (y * w[5] + x * w[7]) + (T(4) * T(kC22)) * z * w[6];
  if (degree < 3) return;
  const T x2 = x * x, y2 = y * y, z2 = z * z, xy = x * y, xz = x * z, yz = y * z;
  g[0] = g[0] - (T(6) * T(kC30)) * xy * w[9] + T(kC31) * yz * w[10] + (T(2) * T(kC32)) * xy * w[11] -
         (T(6) * T(kC33)) * xz * w[12] - T(kC32) * (T(4) * z2 - T(3) * x2 - y2) * w[13] +
         (T(2) * T(kC35)) * xz * w[14] - (T(3) * T(kC30)) * (x2 - y2) * w[15];
  g[1] = g[1] - (T(3) * T(kC30)) * (x2 - y2) * w[9] + T(kC31) * xz * w[10] -
         T(kC32) * (T(4) * z2 - x2 - T(3) * y2) * w[11] - (T(6) * T(kC33)) * yz * w[12] +
         (T(2) * T(kC32)) * xy * w[13] - (T(2) * T(kC35)) * yz * w[14] + (T(6) * T(kC30)) * xy * w[15];
  g[2] = g[2] + T(kC31) * xy * w[10] - (T(8) * T(kC32)) * yz * w[11] + (T(3) * T(kC33)) * (two * z2 - x2 - y2) * w[12] -
         (T(8) * T(kC32)) * xz * w[13] + T(kC35) * (x2 - y2) * w[14];
}

template <class T>
struct ViewDirection {
  T d[3];
  T inverse_distance;
};

template <class T, class S>
TAME_FN ViewDirection<T> view_direction(const S center[3], const T mean[3]) {
  ViewDirection<T> v;
  for (int k = 0; k < 3; ++k) v.d[k] = mean[k] - T(center[k]);
  // The lower bound keeps a Gaussian at the camera's centre finite; the near plane culls it anyway.
  v.inverse_distance = T(1) / sqrt(maximum(dot3(v.d, v.d), T(1e-24f)));
  for (int k = 0; k < 3; ++k) v.d[k] = v.d[k] * v.inverse_distance;
  return v;
}

// Adds the mean's gradient through the direction: (I - d d^T) g_d / |mean - center|.
template <class T>
TAME_FN void view_direction_backward(const ViewDirection<T>& v, const T g_d[3], T g_mean[3]) {
  const T along = dot3(v.d, g_d);
  for (int k = 0; k < 3; ++k) g_mean[k] = g_mean[k] + (g_d[k] - v.d[k] * along) * v.inverse_distance;
}

// rgb before the clamp at 0; coefficient(k, channel) loads.
template <class T, class Load>
TAME_FN void sh_color(int degree, const T d[3], const Load& coefficient, T rgb[3]) {
  T y[kMaxShCoefficients] = {};
  sh_basis(degree, d, y);
  const int count = sh_coefficients(degree);
  for (int channel = 0; channel < 3; ++channel) {
    T sum = T(0.5f);
    TAME_UNROLL
    for (int k = 0; k < kMaxShCoefficients; ++k)
      if (k < count) sum = mad(y[k], coefficient(k, channel), sum);
    rgb[channel] = sum;
  }
}

// Whether a colour can be blended: not if it is NaN or would overflow.
template <class T>
TAME_FN Mask<T> drawable(const T rgb[3]) {
  const T most = T(1e30f);
  return (rgb[0] < most) & (rgb[0] > -most) & (rgb[1] < most) & (rgb[1] > -most) & (rgb[2] < most) & (rgb[2] > -most);
}

// g_rgb: already zero where the colour was clamped at 0. emit(k, channel, gradient) stores; g_d: the direction's
// gradient.
template <class T, class Load, class Emit>
TAME_FN void sh_color_backward(int degree, const T d[3], const Load& coefficient, const T g_rgb[3], const Emit& emit,
                               T g_d[3]) {
  T y[kMaxShCoefficients] = {}, w[kMaxShCoefficients] = {};
  sh_basis(degree, d, y);
  const int count = sh_coefficients(degree);
  TAME_UNROLL
  for (int k = 0; k < kMaxShCoefficients; ++k) {
    if (k >= count) break;
    w[k] = T(0);
    for (int channel = 0; channel < 3; ++channel) {
      w[k] = mad(coefficient(k, channel), g_rgb[channel], w[k]);  // before emit, which may change the coefficient
      emit(k, channel, y[k] * g_rgb[channel]);
    }
  }
  sh_basis_backward(degree, d, w, g_d);
}

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame
