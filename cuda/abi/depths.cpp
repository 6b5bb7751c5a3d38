// See depths.h.
#include "depths.h"

#include <algorithm>

#include "../core/tiles.h"

namespace tame {

namespace {

struct Placed {
  uint64_t pixel;  // by tile, then row, then column
  float depth, weight;
};

constexpr uint32_t kTile = core::kTile, kTilePixels = kTile * kTile;

uint64_t place(uint32_t x, uint32_t y, uint32_t tiles_x) {
  const uint64_t tile = uint64_t(y / kTile) * tiles_x + x / kTile;
  return tile * kTilePixels + y % kTile * kTile + x % kTile;
}

}  // namespace

TiledDepths tile_depths(const float* points, uint32_t n, uint32_t width) {
  const uint32_t tiles_x = (width + kTile - 1) / kTile;
  std::vector<Placed> placed;
  for (const float* p = points; p != points + size_t(n) * 4; p += 4)
    if (p[3] > 0.f) placed.push_back({place(uint32_t(p[0]), uint32_t(p[1]), tiles_x), p[2], p[3]});
  std::stable_sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
    return a.pixel != b.pixel ? a.pixel < b.pixel : a.depth < b.depth;
  });
  const auto same = [](const Placed& a, const Placed& b) { return a.pixel == b.pixel; };
  placed.erase(std::unique(placed.begin(), placed.end(), same), placed.end());

  double total = 0;
  for (const Placed& point : placed) total += double(point.weight);
  TiledDepths out;
  for (const Placed& point : placed) {
    const uint32_t tile = uint32_t(point.pixel / kTilePixels), pixel = uint32_t(point.pixel % kTilePixels);
    if (out.tiles.empty() || out.tiles.back().tile != tile) out.tiles.push_back({tile, uint32_t(out.points.size()), 0});
    ++out.tiles.back().count;
    out.points.push_back(
        {uint8_t(pixel % kTile), uint8_t(pixel / kTile), 1.f / point.depth, float(double(point.weight) / total)});
  }
  return out;
}

}  // namespace tame
