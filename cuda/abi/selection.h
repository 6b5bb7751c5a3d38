// Which Gaussians densification clones, splits and prunes: the same choice for either backend, made on the host from
// scores and statistics that the device gathered. Sampling is without replacement (draw.h).
#pragma once

#include <cstdint>
#include <vector>

#include "../core/scalar.h"
#include "../tame.h"

namespace tame {

// How a row of the edited Gaussians comes from a row of the old ones.
enum RowKind : uint8_t {
  kKeepRow,       // as it is, moments too
  kCloneRow,      // a copy without moments
  kThinRow,       // kept with its moments, but of the opacity that it shares with its copy,
  kThinCloneRow,  // which has none: the two together cover what the one did (core::shared_opacity)
  kSplitRow,      // a smaller child at a place drawn from the parent, without moments; first and second child differ in
  kSplitRow2,     // their draw
};

TAME_FN bool keeps_moments(uint8_t kind) {
  return kind == kKeepRow || kind == kThinRow;
}

struct RowEdit {
  std::vector<uint32_t> sources;  // old row of each new row
  std::vector<uint8_t> kinds;     // RowKind
  uint32_t size() const { return uint32_t(sources.size()); }
};

// One value a Gaussian each.
struct SelectionInput {
  uint64_t seed;
  std::vector<float> scores;
  std::vector<float> mean_gradients;  // densify only
  std::vector<float> opacities;       // used values; prune only
  std::vector<float> largest_scales;  // used values, of the longest axis
};

// Grows towards options.target: candidates first, drawn by score; with options.fill the rest by gradient.
RowEdit choose_growth(const SelectionInput& in, const tame_densify_options& options, tame_densify_result& result);
// Takes weak ones by low score, then the lowest scores down to options.target.
RowEdit choose_survivors(const SelectionInput& in, const tame_prune_options& options, tame_prune_result& result);

}  // namespace tame
