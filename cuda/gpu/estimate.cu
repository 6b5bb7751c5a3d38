// Memory of a run in the CUDA backend's buffers, as rasterizer.cu, loss.cu and score.cu allocate them.
#include <algorithm>

#include "../abi/backend.h"
#include "../abi/estimate.h"
#include "../abi/fields.h"
#include "score.h"

namespace tame {

namespace {

using gpu::kSegment;
using gpu::kTilePixels;

// Splat, radius, rectangle; tile count, mask, first slot, the list of large ones.
constexpr double kGaussianBytes = sizeof(gpu::Splat) + sizeof(float) + sizeof(TileRectangle) + 4 * sizeof(uint32_t);
// Depth and slot, Gaussian, gradient, and a share of its segment's checkpoint.
constexpr double kInstanceBytes = sizeof(uint64_t) + sizeof(uint32_t) + sizeof(gpu::InstanceGradient) +
                                  double(sizeof(float4)) * kTilePixels / kSegment;
// Its tile, the splats near each warp.
constexpr double kSegmentBytes = sizeof(uint32_t) + sizeof(gpu::NearSplats);
// Range, segments, last instance of the tile and of each warp, size.
constexpr double kTileBytes = sizeof(uint2) + (3 + gpu::kTileWarps) * sizeof(uint32_t);
// Image, transmittance, the loss's filtered maps and gradient.
constexpr double kPixelBytes = (3 + 1 + 9 + 3) * sizeof(float);
// The transformed image.
constexpr double kTransformPixelBytes = 3 * sizeof(float);
// The loss's sums of three channels: its blocks are no smaller than a tile.
constexpr double kLossTileBytes = 3 * sizeof(double2);
static_assert(gpu::kLossWidth >= gpu::kTile && gpu::kLossLeastHeight >= gpu::kTile);

// A metric's two images of three channels, and the render's bytes, at most four.
constexpr double kMetricPixelBytes = 2 * 3 * sizeof(float) + 4;

double instance_capacity(const RunSize& size, uint32_t gaussians) {
  const double first = gpu::first_capacity(gaussians);
  return size.instances > first ? kReserve * size.instances : first;
}

// Scores, metrics and the saving of rows run one after another, and each frees its memory.
double passing_bytes(const tame_memory_query& query, const RunSize& size) {
  const double row_bytes = sizeof(float) * row_planes(Layout{int(query.sh_degree)}, TAME_FIELD_PLY_ROWS).size();
  const double saving = row_bytes * std::min(query.capacity, gpu::kChunkRows);
  // The trainer's scores, score()'s rows, and two keys for sorting.
  const bool scored = (query.flags & TAME_MEMORY_SCORES) != 0, measured = (query.flags & TAME_MEMORY_METRICS) != 0;
  const double scores = scored ? (1 + gpu::kScoreRows + 2) * sizeof(float) * size.capacity : 0;
  return std::max({saving, scores, measured ? kMetricPixelBytes * size.pixels : 0});
}

}  // namespace

void backend::estimate_memory(const tame_memory_query& query, tame_memory_estimate& out) {
  const RunSize size = size_of_run(query);
  const bool fragments = (query.state & TAME_STATE_FRAGMENTS) != 0;
  const bool depths = (query.flags & TAME_MEMORY_DEPTHS) != 0;
  const double instance_bytes = kInstanceBytes + (fragments ? sizeof(FragmentSums) : 0) + (depths ? sizeof(float) : 0);
  const double instances = instance_capacity(size, query.capacity), segments = instances / kSegment + size.tiles;
  const uint64_t lines = (uint64_t(query.capacity) + gpu::kPlaneAlignment - 1) / gpu::kPlaneAlignment;
  estimate_state(query, lines * gpu::kPlaneAlignment, out);
  out.staged_photos = gpu::kStages;
  out.bytes[TAME_PURPOSE_SPLATS] = whole_bytes(kReserve * kGaussianBytes * size.capacity);
  out.bytes[TAME_PURPOSE_INSTANCES] =
      whole_bytes(instance_bytes * instances + kReserve * (kSegmentBytes * segments + kTileBytes * size.tiles));
  out.bytes[TAME_PURPOSE_IMAGES] = whole_bytes(kReserve * (kPixelBytes * size.pixels + kLossTileBytes * size.tiles));
  if (query.transform != TAME_TRANSFORM_NONE)
    out.bytes[TAME_PURPOSE_IMAGES] += whole_bytes(kReserve * kTransformPixelBytes * size.pixels);
  if ((query.flags & TAME_MEMORY_SCORES) != 0)
    out.bytes[TAME_PURPOSE_IMAGES] += whole_bytes(gpu::kScoreMaps * sizeof(float) * size.pixels);
  out.bytes[TAME_PURPOSE_OTHER] = whole_bytes(passing_bytes(query, size));
}

}  // namespace tame
