// Which tiles a splat reaches: those of its 3-sigma rectangle, which defines what is rendered, where its alpha can
// reach 1/255 at a pixel centre (Mallick et al. 2024, section on tighter culling).
#pragma once

#include "scalar.h"

namespace tame {
inline namespace TAME_SIMD_LEVEL {
namespace core {

constexpr int kTile = 16;                   // pixels a side; part of what is rendered, see tile_rectangle
constexpr float kMinAlpha = 1.f / 255.f;    // contributions below are skipped
constexpr float kMaxAlpha = 0.99f;          // larger ones are clamped
constexpr float kMinTransmittance = 1e-4f;  // a splat that would take a pixel below this is not blended and ends it

struct TileRectangle {
  int x0, y0, x1, y1;  // tiles, the upper bounds exclusive
};

TAME_FN int tile_bound(float pixel, int tiles) {
  return static_cast<int>(clamp(pixel / float(kTile), 0.f, float(tiles)));  // truncation after the clamp: toward zero
}

// x, y: splat mean in pixels; radius: whole pixels, from core::project. Pixel centres are at +0.5, hence the shift.
TAME_FN TileRectangle tile_rectangle(float x, float y, float radius, int tiles_x, int tiles_y) {
  const float px = x - 0.5f, py = y - 0.5f;
  TileRectangle r;
  r.x0 = tile_bound(px - radius, tiles_x);
  r.y0 = tile_bound(py - radius, tiles_y);
  r.x1 = tile_bound(px + radius + float(kTile - 1), tiles_x);
  r.y1 = tile_bound(py + radius + float(kTile - 1), tiles_y);
  return r;
}

TAME_FN bool empty(const TileRectangle& r) {
  return r.x1 <= r.x0 || r.y1 <= r.y0;
}

// E(dx, dy) = (A dx^2 + C dy^2) / 2 + B dx dy, the negated exponent of the splat.
template <class T>
TAME_FN T quadratic(T A, T B, T C, T dx, T dy) {
  return mad(T(0.5f), mad(A * dx, dx, C * dy * dy), B * dx * dy);
}

// Smallest E over the box [low, high] of offsets from the mean. E is convex with its minimum 0 at the origin, so the
// minimum over the box is on an edge that faces the origin. On each of the two candidate lines it is the point with
// zero derivative along the line, clamped to the box.
template <class T>
TAME_FN T smallest_quadratic(T A, T B, T C, T x_low, T x_high, T y_low, T y_high) {
  const T nearest_x = clamp(T(0), x_low, x_high), nearest_y = clamp(T(0), y_low, y_high);
  const T along_y = clamp(-(B / C) * nearest_x, y_low, y_high);
  const T along_x = clamp(-(B / A) * nearest_y, x_low, x_high);
  return minimum(quadratic(A, B, C, nearest_x, along_y), quadratic(A, B, C, along_x, nearest_y));
}

// The exponent at which alpha falls to 1/255; negative if the opacity is lower.
template <class T>
TAME_FN T cut_power(T opacity) {
  return log(T(255) * opacity);
}

// Whether the splat reaches alpha 1/255 at a pixel centre of tile (tx, ty).
TAME_FN bool reaches_tile(float x, float y, float A, float B, float C, float cut, int tx, int ty) {
  const float x_low = float(tx * kTile) + 0.5f - x, y_low = float(ty * kTile) + 0.5f - y;
  return smallest_quadratic(A, B, C, x_low, x_low + float(kTile - 1), y_low, y_low + float(kTile - 1)) <= cut;
}

constexpr float kLog2E = 1.44269504f;
constexpr float kLog2MinAlpha = -7.99435344f;  // log2(1/255)

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame
