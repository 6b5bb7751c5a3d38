// Depths that the render should have at some pixels of a view: the points of the capture that its photo sees.
#pragma once

#include <cstdint>
#include <vector>

#include "../core/depths.h"

namespace tame {

struct TiledDepths {
  std::vector<DepthTile> tiles;  // those with points, ascending
  std::vector<DepthPoint> points;
};

// points: n times x, y (pixels), depth (world units, > 0), weight (>= 0), inside an image of that width. Of points at
// one pixel the nearest stays, the first of these if several are. Points without weight are left out.
TiledDepths tile_depths(const float* points, uint32_t n, uint32_t width);

}  // namespace tame
