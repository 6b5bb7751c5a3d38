// A training photo as the loss and the scores read it: composited over the step's background if it has alpha, with the
// pixels that its mask excludes. The SIMD levels' units share the struct, so it is in no level's namespace.
#pragma once

#include <cstddef>
#include <cstdint>

#include "scalar.h"

namespace tame {

struct Photo {
  const uint8_t* pixels;  // rows from the top, interleaved
  const uint8_t* mask;    // one byte per pixel, 0 where it is excluded; null: none is
  uint32_t channels;      // 3: RGB; 4: RGB with straight alpha
  uint32_t kept;          // pixels that are not excluded
  float background[3];    // under the alpha
};

inline namespace TAME_SIMD_LEVEL {
namespace core {

TAME_FN bool is_kept(const Photo& photo, size_t pixel) {
  return photo.mask == nullptr || photo.mask[pixel] != 0;
}

// byte / 255, rounded to nearest: the quotient by the reciprocal, corrected by its remainder (Markstein 1990), which is
// exact for each byte. A GPU's division takes several times as many instructions.
TAME_FN float fused_fraction(float byte) {
  const float reciprocal = 1.f / 255.f, quotient = byte * reciprocal;
  return fmaf(fmaf(quotient, -255.f, byte), reciprocal, quotient);
}
TAME_FN float fraction(uint8_t byte) {
#if defined(__CUDA_ARCH__)
  return fused_fraction(float(byte));
#else
  return float(byte) / 255.f;
#endif
}

// One channel of a photo without and with alpha, 0 .. 1. An opaque pixel gives exactly its colour, for any background.
TAME_FN float rgb_value(const Photo& photo, size_t pixel, int channel) {
  return fraction((photo.pixels + channel)[3 * pixel]);
}
TAME_FN float rgba_value(const Photo& photo, size_t pixel, int channel) {
  const uint8_t* at = photo.pixels + 4 * pixel;
  const float alpha = fraction(at[3]);
  return fraction(at[channel]) * alpha + photo.background[channel] * (1.f - alpha);
}
TAME_FN float photo_value(const Photo& photo, size_t pixel, int channel) {
  return photo.channels == 3 ? rgb_value(photo, pixel, channel) : rgba_value(photo, pixel, channel);
}

// The same, rounded to a byte.
TAME_FN int photo_byte(const Photo& photo, size_t pixel, int channel) {
  if (photo.channels == 3) return photo.pixels[3 * pixel + size_t(channel)];
  const float value = 255.f * photo_value(photo, pixel, channel) + 0.5f;
  return value <= 0.f ? 0 : value >= 255.f ? 255 : int(value);
}

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame
