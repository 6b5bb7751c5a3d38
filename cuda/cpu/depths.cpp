// See depths.h.
#include "depths.h"

#include <algorithm>

namespace tame::cpu {

DepthLoss::DepthLoss(Ledger& ledger, Threads& threads, const Kernels& kernels, Profile& profile)
    : threads_(threads),
      kernels_(kernels),
      profile_(profile),
      gradients_(ledger, TAME_PURPOSE_INSTANCES),
      losses_(ledger, TAME_PURPOSE_IMAGES) {}

double DepthLoss::evaluate(const Rasterizer& rasterizer, const CpuViews::View& view, float weight, bool learns) {
  const Profile::Clock clock(profile_, TAME_PHASE_LOSS);
  const uint32_t entries = uint32_t(view.depth_tiles.size());
  losses_.reserve(entries);
  if (learns) {
    gradients_.reserve(rasterizer.instances());
    std::fill_n(gradients_.data(), rasterizer.instances(), 0.f);
  }
  const DepthArgs args = {rasterizer.blend_args(),  view.depth_tiles.data(), view.depth_points.data(), weight,
                          losses_.data(), learns ? gradients_.data() : nullptr};
  threads_.run(entries, [&](uint32_t entry, uint32_t) { kernels_.depth_loss(args, entry); });
  double sum = 0;
  for (uint32_t entry = 0; entry < entries; ++entry) sum += losses_[entry];
  return sum;
}

}  // namespace tame::cpu
