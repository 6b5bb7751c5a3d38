// Which tiles a splat reaches: those where its alpha can reach 1/255 at a pixel centre (Mallick et al. 2024, section on
// tighter culling). With TAME_COVERAGE_RECTANGLE only those of its 3-sigma rectangle.
#pragma once

#include <cstdint>

#include "../tame.h"
#include "scalar.h"

namespace tame {

// Tiles, the upper bounds exclusive. One per Gaussian is stored.
struct alignas(8) TileRectangle {
  uint16_t x0, y0, x1, y1;
};

inline namespace TAME_SIMD_LEVEL {
namespace core {

constexpr int kTile = 16;                   // pixels a side; part of what is rendered, see tile_rectangle
constexpr float kMinAlpha = 1.f / 255.f;    // contributions below are skipped
constexpr float kMaxAlpha = 0.99f;          // larger ones are clamped
constexpr float kMinTransmittance = 1e-4f;  // a splat that would take a pixel below this is not blended and ends it

TAME_FN int area(const TileRectangle& r) {
  return (r.x1 - r.x0) * (r.y1 - r.y0);
}

TAME_FN uint16_t tile_bound(float pixel, int tiles) {
  // Truncation after the clamp: toward zero.
  return static_cast<uint16_t>(static_cast<int>(clamp(pixel / float(kTile), 0.f, float(tiles))));
}

// The 3-sigma rectangle of Kerbl et al. 2023. x, y: splat mean in pixels; radius: whole pixels, from core::project.
// Pixel centres are at +0.5, hence the shift.
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

// The tiles outside which a splat is not drawn, whatever its alpha there. coverage: TAME_COVERAGE_*.
TAME_FN TileRectangle coverage_bounds(uint32_t coverage, float x, float y, float radius, int tiles_x, int tiles_y) {
  if (coverage == TAME_COVERAGE_RECTANGLE) return tile_rectangle(x, y, radius, tiles_x, tiles_y);
  return {0, 0, static_cast<uint16_t>(tiles_x), static_cast<uint16_t>(tiles_y)};
}

// Half the side, along one axis, of the bounding box of {alpha >= 1/255}: with cut from cut_power() that is
// {d^T S^-1 d / 2 <= cut} for the covariance S, and the half is sqrt(2 cut S_kk). variance: S_kk; stretch: S_xx S_yy /
// det S.
//
// The half is large enough for every pixel that a blend takes, for which it computes E = (A dx^2 + C dy^2) / 2 + B dx
// dy in float. At the border of the box A dx^2 and C dy^2 are at most 2 cut stretch, so that the rounding of the conic
// and of E moves E by at most 25 2^-24 cut stretch, and the half by half of that in relative terms. The rounding of cut
// and of the exponential adds less than 1e-5 to E, that of the coordinates less than 0.01 px + 1e-4 half. Splats with a
// stretch of a million (sigmas of 1000 and 0.5 pixels) have a conic that is no ellipse in float: the half stays below
// twice its exact value.
template <class T>
TAME_FN T reach(T cut, T variance, T stretch) {
  const T half = sqrt(T(2) * (cut + T(1e-5f)) * variance);
  return half * minimum(T(1.0001f) + T(1e-6f) * stretch, T(2)) + T(0.01f);
}

// The tiles of `bounds` with a pixel centre within the box of half-sides reach_x, reach_y around the mean.
TAME_FN TileRectangle tiles_in_reach(float x, float y, float reach_x, float reach_y, const TileRectangle& bounds) {
  TileRectangle r;
  r.x0 = tile_bound(x - reach_x + 0.5f, bounds.x1);
  r.y0 = tile_bound(y - reach_y + 0.5f, bounds.y1);
  r.x1 = tile_bound(x + reach_x + (float(kTile) - 0.5f), bounds.x1);
  r.y1 = tile_bound(y + reach_y + (float(kTile) - 0.5f), bounds.y1);
  if (r.x0 < bounds.x0) r.x0 = bounds.x0;
  if (r.y0 < bounds.y0) r.y0 = bounds.y0;
  return empty(r) ? TileRectangle{} : r;
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
