// See reference_selection.h.
#include "reference_selection.h"

#include <algorithm>
#include <numeric>

#include "../core/philox.h"
#include "draw.h"

namespace tame {

namespace {

constexpr float kChildScale = 1 / 1.6f;

std::vector<uint32_t> rows_to(uint32_t count) {
  std::vector<uint32_t> rows(count);
  std::iota(rows.begin(), rows.end(), 0u);
  return rows;
}

// Marks `quota` rows drawn by weight. All rows take part, also those that weigh nothing: where too few of a set weigh
// anything, rows outside of it stand in.
std::vector<uint8_t> mark(const std::vector<float>& weights, uint32_t quota, const Drawing& drawing) {
  std::vector<uint8_t> marks(weights.size(), 0);
  for (const Ticket& t : draw(rows_to(uint32_t(weights.size())), weights, quota, drawing)) marks[t.index] = 1;
  return marks;
}

void append(RowEdit& edit, const std::vector<uint8_t>& marks, uint8_t wanted, RowKind kind) {
  for (uint32_t i = 0; i < marks.size(); ++i) {
    if (marks[i] != wanted) continue;
    edit.sources.push_back(i);
    edit.kinds.push_back(kind);
  }
}

}  // namespace

ReferenceEdits choose_reference(const SelectionInput& in, const tame_reference_options& options,
                                tame_reference_result& result) {
  const uint32_t count = uint32_t(in.scores.size());
  std::vector<float> clone_weights(count, 0.f), split_weights(count, 0.f);
  std::vector<uint8_t> candidate(count, 0);
  uint32_t clones = 0, splits = 0;
  for (uint32_t i = 0; i < count; ++i) {
    if (!(in.mean_gradients[i] >= options.gradient_threshold)) continue;
    const bool large = in.largest_scales[i] > options.size_threshold;
    (large ? split_weights : clone_weights)[i] = in.scores[i];
    ++(large ? splits : clones);
    candidate[i] = 1;
  }
  const uint32_t candidates = clones + splits;
  const uint64_t growth = std::min(options.target > count ? options.target - count : 0, candidates);
  const uint32_t clone_quota = candidates == 0 ? 0 : uint32_t(growth * clones / candidates);
  const uint32_t split_quota = candidates == 0 ? 0 : uint32_t(growth * splits / candidates);

  ReferenceEdits edits;
  const std::vector<uint8_t> cloned =
      mark(clone_weights, clone_quota, {in.seed, core::kDrawClones, options.iteration, 0});
  std::vector<uint32_t> origins = rows_to(count);  // row before the event, of each row with the clones
  for (uint32_t i = 0; i < count; ++i)
    if (cloned[i]) origins.push_back(i);
  if (clone_quota != 0) {
    append(edits.copies, std::vector<uint8_t>(count, 0), 0, kKeepRow);
    append(edits.copies, cloned, 1, kCloneRow);
  }

  // Splits are drawn among the clones too, which weigh nothing.
  split_weights.resize(origins.size(), 0.f);
  const std::vector<uint8_t> split =
      mark(split_weights, split_quota, {in.seed, core::kDrawSplits, options.iteration, 0});
  RowEdit grown;
  append(grown, split, 0, kKeepRow);
  append(grown, split, 1, kSplitRow);
  append(grown, split, 1, kSplitRow2);

  std::vector<uint8_t> weak(grown.size(), 0);
  std::vector<float> weights(grown.size(), 0.f);
  for (uint32_t i = 0; i < grown.size(); ++i) {
    const uint32_t origin = origins[grown.sources[i]];
    const float scale = in.largest_scales[origin] * (grown.kinds[i] == kKeepRow ? 1.f : kChildScale);
    weak[i] = in.opacities[origin] < options.min_opacity || scale > options.max_scale;
    // The score that stood at this place before the event, although splits have moved the rows since.
    if (i < count) weights[i] = 1.f / (1e-6f + in.scores[i]);
  }
  const uint32_t weak_count = uint32_t(std::count(weak.begin(), weak.end(), 1));
  // Never the last row.
  const uint32_t most = std::min(weak_count, grown.size() > 0 ? grown.size() - 1 : 0);
  const uint32_t tickets = std::min(uint32_t(options.share * float(weak_count)), most);
  const std::vector<uint8_t> drawn = mark(weights, tickets, {in.seed, core::kDrawPruned, options.iteration, 0});
  for (uint32_t i = 0; i < grown.size(); ++i) {
    if (drawn[i] && weak[i]) {
      ++result.pruned;
      continue;
    }
    edits.rest.sources.push_back(grown.sources[i]);
    edits.rest.kinds.push_back(grown.kinds[i]);
  }
  result.count = edits.rest.size();
  if (split_quota == 0 && result.pruned == 0) edits.rest = {};

  const auto outside = [&](const std::vector<uint8_t>& marks) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < marks.size(); ++i) n += marks[i] && !candidate[origins[i]];
    return n;
  };
  result.candidates = candidates;
  result.cloned = clone_quota;
  result.split = split_quota;
  result.filled = outside(cloned) + outside(split);
  result.weak = weak_count;
  return edits;
}

}  // namespace tame
