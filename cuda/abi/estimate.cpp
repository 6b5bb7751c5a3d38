// See estimate.h; also the entry point.
#include "estimate.h"

#include <algorithm>
#include <cmath>

#include "../core/layout.h"
#include "../core/tiles.h"
#include "backend.h"
#include "boundary.h"
#include "checks.h"
#include "training_state.h"

namespace tame {

namespace {

constexpr uint32_t kFlags = TAME_MEMORY_SCORES | TAME_MEMORY_METRICS | TAME_MEMORY_DEPTHS;

// Measured on trained captures: up to 1.5 pairs per Gaussian, and 200 per tile, because a splat covers more tiles of a
// larger image.
constexpr double kInstancesPerGaussian = 1.5, kInstancesPerTile = 200;

constexpr uint64_t kMoments = 2;  // Adam's
// Gradient sum, largest radius; visible steps.
constexpr uint64_t kStatisticsBytes = 2 * sizeof(float) + sizeof(uint32_t);

double tiles_across(uint32_t pixels) {
  return std::ceil(double(pixels) / core::kTile);
}

}  // namespace

RunSize size_of_run(const tame_memory_query& query) {
  const double capacity = query.capacity, pixels = double(query.width) * query.height;
  const double usual = capacity * kInstancesPerGaussian + pixels / (core::kTile * core::kTile) * kInstancesPerTile;
  return {capacity, pixels, tiles_across(query.width) * tiles_across(query.height),
          std::max(usual, double(query.instances))};
}

void estimate_state(const tame_memory_query& query, uint64_t row, tame_memory_estimate& out) {
  const Layout layout = {int(query.sh_degree)};
  const Layout::Range rest = layout.range(TAME_PARAMETER_SH_REST);
  const auto keeps = [&](uint32_t what) { return (query.state & what) != 0; };
  const uint64_t planes = uint64_t(layout.planes());
  const uint64_t sums = keeps(TAME_STATE_SH_SUMS) ? uint64_t(rest.last - rest.first) : 0;
  const uint64_t bounds = keeps(TAME_STATE_SMALLEST_SCALES) ? 1 : 0;
  const uint64_t fragments = keeps(TAME_STATE_FRAGMENTS) ? kFragmentPlanes : 0;
  const uint64_t gradients =
      gradient_buffers(query.state, std::max(query.views_per_step, 1u)) * (planes + gradient_statistics(query.state));
  out.bytes[TAME_PURPOSE_PARAMETERS] = row * planes * sizeof(float);
  out.bytes[TAME_PURPOSE_OPTIMIZER] = row * (kMoments * planes + sums + bounds) * sizeof(float);
  out.bytes[TAME_PURPOSE_GRADIENTS] = row * gradients * sizeof(float);
  if (keeps(TAME_STATE_ROW_STEPS)) out.bytes[TAME_PURPOSE_OPTIMIZER] += query.capacity * sizeof(uint32_t);
  if (const uint64_t values = transform_parameters(query.transform))
    out.bytes[TAME_PURPOSE_OPTIMIZER] += query.views * ((1 + kMoments) * values * sizeof(float) + sizeof(uint32_t));
  out.bytes[TAME_PURPOSE_STATISTICS] = uint64_t(query.capacity) * kStatisticsBytes + row * fragments * sizeof(float);
  out.exact = 1u << TAME_PURPOSE_PARAMETERS | 1u << TAME_PURPOSE_OPTIMIZER | 1u << TAME_PURPOSE_STATISTICS |
              1u << TAME_PURPOSE_GRADIENTS;
}

uint64_t whole_bytes(double bytes) {
  return uint64_t(std::ceil(std::min(bytes, 1e18)));
}

}  // namespace tame

using namespace tame;

tame_status tame_estimate_memory(const tame_memory_query* query, uint32_t query_bytes, tame_memory_estimate* estimate,
                                 uint32_t estimate_bytes, tame_error* err) {
  return attempt(err, [&] {
    const auto asked = read_struct<tame_memory_query>("query", query, query_bytes);
    if ((asked.flags & ~kFlags) != 0)
      fail(TAME_INVALID_ARGUMENT, "query.flags is %u: expected TAME_MEMORY_* bits", asked.flags);
    check_sh_degree(asked.sh_degree);
    check_count("query.state", asked.state, 0, kAllState);
    check_count("query.views_per_step", asked.views_per_step, 0, kMostViewsPerStep);
    check_count("query.transform", asked.transform, TAME_TRANSFORM_NONE, TAME_TRANSFORM_AFFINE);
    known_bytes("estimate", estimate, estimate_bytes, uint32_t(sizeof *estimate));
    tame_memory_estimate out = {};
    backend::estimate_memory(asked, out);
    write_struct("estimate", estimate, estimate_bytes, out);
  });
}
