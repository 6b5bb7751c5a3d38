// See selection.h.
#include "selection.h"

#include <algorithm>

#include "../core/philox.h"
#include "draw.h"

namespace tame {

namespace {

// NaN, which has no place in an order, as 0.
float ordered(float value) {
  return value == value ? value : 0.f;
}

// Rows grow in place: the first child of a split stands where its parent stood; copies and second children follow the
// old rows, in the order of their sources.
RowEdit grow_rows(uint32_t count, const std::vector<uint8_t>& grows) {
  RowEdit edit;
  edit.sources.reserve(count);
  edit.kinds.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    edit.sources.push_back(i);
    edit.kinds.push_back(grows[i] == kSplitRow ? kSplitRow : grows[i] == kThinCloneRow ? kThinRow : kKeepRow);
  }
  for (uint32_t i = 0; i < count; ++i) {
    if (grows[i] == kKeepRow) continue;
    edit.sources.push_back(i);
    edit.kinds.push_back(grows[i] == kSplitRow ? uint8_t(kSplitRow2) : grows[i]);
  }
  return edit;
}

}  // namespace

RowEdit choose_growth(const SelectionInput& in, const tame_densify_options& options, tame_densify_result& result) {
  const uint32_t count = uint32_t(in.scores.size());
  const uint32_t wanted = options.target > count ? options.target - count : 0;
  std::vector<uint32_t> clones, splits, others;
  for (uint32_t i = 0; i < count; ++i) {
    if (!(in.mean_gradients[i] >= options.gradient_threshold))
      others.push_back(i);
    else
      (in.largest_scales[i] > options.size_threshold ? splits : clones).push_back(i);
  }
  const uint32_t candidates = uint32_t(clones.size() + splits.size());
  const uint32_t chosen = std::min(wanted, candidates);
  // Shares in proportion to the two sets; what rounding leaves over goes to the splits.
  uint32_t clone_count = candidates == 0 ? 0 : uint32_t(uint64_t(chosen) * clones.size() / candidates);
  const uint32_t split_count = std::min(chosen - clone_count, uint32_t(splits.size()));
  clone_count = chosen - split_count;

  std::vector<uint8_t> grows(count, kKeepRow);
  for (const Ticket& t :
       draw(clones, in.scores, clone_count, {in.seed, core::kDrawClones, options.iteration, options.round}))
    grows[t.index] = kCloneRow;
  for (const Ticket& t :
       draw(splits, in.scores, split_count, {in.seed, core::kDrawSplits, options.iteration, options.round}))
    grows[t.index] = kSplitRow;

  uint32_t filled = 0;
  if (options.fill != 0 && chosen < wanted) {
    std::vector<Ticket> tickets;
    for (const uint32_t i : others) tickets.push_back({-ordered(in.mean_gradients[i]), i});
    keep_first(tickets, wanted - chosen);
    filled = uint32_t(tickets.size());
    // These fit their surroundings already: what a copy adds to the picture would only have to be unlearnt.
    for (const Ticket& t : tickets)
      grows[t.index] = in.largest_scales[t.index] > options.size_threshold ? kSplitRow : kThinCloneRow;
  }
  result.candidates = candidates;
  result.split = uint32_t(std::count(grows.begin(), grows.end(), kSplitRow));
  result.cloned = chosen + filled - result.split;
  result.filled = filled;
  result.count = count + result.cloned + result.split;
  return grow_rows(count, grows);
}

RowEdit choose_survivors(const SelectionInput& in, const tame_prune_options& options, tame_prune_result& result) {
  const uint32_t count = uint32_t(in.scores.size());
  std::vector<uint8_t> weak(count, 0), gone(count, 0);
  std::vector<uint32_t> rows(count);
  std::vector<float> weights(count);
  uint32_t weak_count = 0;
  for (uint32_t i = 0; i < count; ++i) {
    weak[i] = in.opacities[i] < options.min_opacity || in.largest_scales[i] > options.max_scale;
    weak_count += weak[i];
    rows[i] = i;
    weights[i] = 1.f / (1e-6f + in.scores[i]);
  }
  // As many tickets as a share of the weak, but drawn among all rows: a weak one that scores well is not easily taken
  // (Mallick et al. 2024). Never the last row; and a float above 2^24 may have been rounded up.
  const uint32_t most = std::min(weak_count, count > 0 ? count - 1 : 0);
  const uint32_t tickets = std::min(uint32_t(options.share * float(weak_count)), most);
  uint32_t left = count;
  for (const Ticket& t : draw(rows, weights, tickets, {in.seed, core::kDrawPruned, options.iteration, 0})) {
    gone[t.index] = weak[t.index];
    left -= weak[t.index];
  }

  if (left > std::max(options.target, 1u)) {
    std::vector<Ticket> lowest;
    for (uint32_t i = 0; i < count; ++i)
      if (!gone[i]) lowest.push_back({ordered(in.scores[i]), i});
    keep_first(lowest, left - std::max(options.target, 1u));
    for (const Ticket& t : lowest) gone[t.index] = 1;
    left -= uint32_t(lowest.size());
  }
  RowEdit edit;
  for (uint32_t i = 0; i < count; ++i) {
    if (gone[i]) continue;
    edit.sources.push_back(i);
    edit.kinds.push_back(kKeepRow);
  }
  result.weak = weak_count;
  result.count = left;
  return edit;
}

}  // namespace tame
