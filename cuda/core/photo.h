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

// One channel, 0 .. 1. An opaque pixel gives exactly its colour, for any background.
TAME_FN float photo_value(const Photo& photo, size_t pixel, int channel) {
  const uint8_t* at = photo.pixels + size_t(photo.channels) * pixel;
  const float color = float(at[channel]) / 255.f;
  if (photo.channels == 3) return color;
  const float alpha = float(at[3]) / 255.f;
  return color * alpha + photo.background[channel] * (1.f - alpha);
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
