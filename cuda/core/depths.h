// The loss of depths at single pixels: the difference of inverse depths, as gsplat has it for the points of structure
// from motion. With the blending weights w of a pixel, A = sum(w) and z = sum(w depth) / A:
//   loss = weight |1 / z - 1 / z_point|,
//   d loss / d depth_i = c w_i,  d loss / d w_i = c (depth_i - z),  c = -weight sign(1 / z - 1 / z_point) / (z^2 A).
#pragma once

#include <cstdint>

#include "philox.h"
#include "scalar.h"

namespace tame {

struct DepthPoint {
  uint8_t x, y;         // in the tile, pixels
  float inverse_depth;  // 1 / world units
  float share;          // of the view's points: all add up to 1
};

// The points of one tile, at most one for each pixel: points[first .. first + count).
struct DepthTile {
  uint32_t tile, first, count;
};

inline namespace TAME_SIMD_LEVEL {
namespace core {

// A pixel that is more transparent than this has no depth to speak of.
constexpr float kLeastCoverage = 0.5f;

template <class T>
struct DepthTerm {
  T depth;  // z
  T loss;
  T factor;  // c
};

// Index of the point of a tile that a step uses: all would take half as long as the rest of the step where they are
// dense, and in the tiles of many steps all have their turn.
TAME_FN uint32_t drawn_depth(const DepthTile& tile, uint64_t seed, uint32_t iteration) {
  const uint32_t word = philox(seed, TAME_STREAM_DEPTHS, iteration, tile.tile).words[0];
  return tile.first + uint32_t(uint64_t(word) * tile.count >> 32);
}

// coverage: A; sum: sum(w depth). All 0 if the pixel is too transparent. For one lane.
template <class T>
TAME_FN DepthTerm<T> depth_term(T coverage, T sum, T inverse_depth, T weight) {
  if (!(coverage >= T(kLeastCoverage))) return {T(0), T(0), T(0)};
  const T depth = sum / coverage, inverse = T(1) / depth, difference = inverse - inverse_depth;
  const T slope = difference > T(0) ? weight : (difference < T(0) ? -weight : T(0));
  return {depth, slope * difference, -(slope * inverse * inverse / coverage)};
}

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame
