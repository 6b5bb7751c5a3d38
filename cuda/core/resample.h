// Interpolation of a photo: cubic convolution (Keys 1981, a = -1/2), edge pixels repeated beyond the edge.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "scalar.h"

namespace tame {
inline namespace TAME_SIMD_LEVEL {
namespace core {

// Weights of the samples at -1, 0, 1, 2 for the position t in [0, 1).
TAME_FN void cubic_weights(float t, float weights[4]) {
  const float s = 1.f - t;
  weights[0] = -0.5f * t * s * s;
  weights[1] = 1.f + t * t * (1.5f * t - 2.5f);
  weights[2] = 1.f + s * s * (1.5f * s - 2.5f);
  weights[3] = -0.5f * s * t * t;
}

TAME_FN uint8_t to_byte(float value) {
  return uint8_t(clamp(value, 0.f, 255.f) + 0.5f);
}

TAME_FN int clamp_index(int i, int count) {
  return i < 0 ? 0 : i >= count ? count - 1 : i;
}

// The value at (px, py), where pixel (i, j) covers [i, i+1] x [j, j+1]. With four channels the last is alpha, by which
// colours are weighted.
template <int kChannels>
TAME_FN void resample(const uint8_t* photo, int width, int height, double px, double py, uint8_t* pixel) {
  constexpr bool kAlpha = kChannels == 4;
  // Beyond these bounds all samples are edge pixels; NaN becomes a bound.
  px = clamp(px, -1.0, width + 1.0) - 0.5;
  py = clamp(py, -1.0, height + 1.0) - 0.5;
  const double left = floor(px), top = floor(py);
  float across[4], down[4], sum[kChannels] = {};
  cubic_weights(float(px - left), across);
  cubic_weights(float(py - top), down);
  size_t columns[4];
  TAME_UNROLL
  for (int i = 0; i < 4; ++i) columns[i] = size_t(clamp_index(int(left) - 1 + i, width)) * kChannels;
  TAME_UNROLL
  for (int j = 0; j < 4; ++j) {
    const uint8_t* row = photo + size_t(clamp_index(int(top) - 1 + j, height)) * size_t(width) * kChannels;
    float part[kChannels] = {};
    TAME_UNROLL
    for (int i = 0; i < 4; ++i) {
      const uint8_t* at = row + columns[i];
      const float weight = kAlpha ? across[i] * float(at[kChannels - 1]) : across[i];
      TAME_UNROLL
      for (int c = 0; c < kChannels; ++c) part[c] += kAlpha && c == kChannels - 1 ? weight : weight * float(at[c]);
    }
    TAME_UNROLL
    for (int c = 0; c < kChannels; ++c) sum[c] += down[j] * part[c];
  }
  TAME_UNROLL
  for (int c = 0; c < kChannels; ++c) {
    if (!kAlpha || c == kChannels - 1) {
      pixel[c] = to_byte(sum[c]);
    } else {
      pixel[c] = sum[kChannels - 1] < 0.5f ? uint8_t(0) : to_byte(sum[c] / sum[kChannels - 1]);
    }
  }
}

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame
