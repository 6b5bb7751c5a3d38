// The photo's edges in the score (Mallick et al. 2024): luma through the 3 x 3 Laplacian (8 in the middle, -1 around),
// held to 0 .. 255 and scaled to 0 .. 1; the outermost pixels keep their luma.
#pragma once

#include <cstddef>
#include <cstdint>

#include "scalar.h"

namespace tame {
inline namespace TAME_SIMD_LEVEL {
namespace core {

// ITU-R BT.601 in 16-bit fixed point.
TAME_FN int luma(const uint8_t* rgb) {
  return (19595 * rgb[0] + 38470 * rgb[1] + 7471 * rgb[2] + 32768) >> 16;
}

TAME_FN float edge(const uint8_t* photo, int width, int height, int x, int y) {
  const uint8_t* here = photo + 3 * (size_t(y) * size_t(width) + size_t(x));
  if (x == 0 || y == 0 || x == width - 1 || y == height - 1) return float(luma(here)) / 255.f;
  int sum = 9 * luma(here);
  for (int dy = -1; dy <= 1; ++dy)
    for (int dx = -1; dx <= 1; ++dx) sum -= luma(here + 3 * (ptrdiff_t(dy) * width + dx));
  return float(sum < 0 ? 0 : sum > 255 ? 255 : sum) / 255.f;
}

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame
