// The photo's edges in the score (Mallick et al. 2024): the 3 x 3 Laplacian of the luma (8 at the centre, -1 around),
// clamped to 0 .. 255 and scaled to 0 .. 1; border pixels keep their luma. A neighbour that the mask excludes counts as
// equal to the centre, so that the mask makes no edges.
#pragma once

#include "photo.h"

namespace tame {
inline namespace TAME_SIMD_LEVEL {
namespace core {

// ITU-R BT.601 in 16-bit fixed point.
TAME_FN int luma(const Photo& photo, size_t pixel) {
  return (19595 * photo_byte(photo, pixel, 0) + 38470 * photo_byte(photo, pixel, 1) +
          7471 * photo_byte(photo, pixel, 2) + 32768) >>
         16;
}

TAME_FN float edge(const Photo& photo, int width, int height, int x, int y) {
  const size_t pixel = size_t(y) * size_t(width) + size_t(x);
  const int here = luma(photo, pixel);
  if (x == 0 || y == 0 || x == width - 1 || y == height - 1) return float(here) / 255.f;
  int sum = 9 * here;
  for (int dy = -1; dy <= 1; ++dy)
    for (int dx = -1; dx <= 1; ++dx) {
      const size_t neighbour = pixel + size_t(ptrdiff_t(dy) * width + dx);
      sum -= is_kept(photo, neighbour) ? luma(photo, neighbour) : here;
    }
  return float(sum < 0 ? 0 : sum > 255 ? 255 : sum) / 255.f;
}

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame
