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

double DepthLoss::evaluate(const Rasterizer& rasterizer, const CpuViews::View& view, const tame_step& step,
                           uint64_t seed, bool learns) {
  const Profile::Clock clock(profile_, TAME_PHASE_LOSS);
  const uint32_t entries = uint32_t(view.depth_tiles.size());
  losses_.reserve(entries);
  if (learns) {
    gradients_.reserve(rasterizer.instances());
    std::fill_n(gradients_.data(), rasterizer.instances(), 0.f);
  }
  DepthArgs args = {};
  args.blend = rasterizer.blend_args();
  args.tiles = view.depth_tiles.data();
  args.points = view.depth_points.data();
  args.weight = step.depth_weight;
  args.seed = seed;
  args.iteration = step.iteration;
  args.losses = losses_.data();
  args.gradients = learns ? gradients_.data() : nullptr;
  threads_.run(entries, [&](uint32_t entry, uint32_t) { kernels_.depth_loss(args, entry); });
  double sum = 0;
  for (uint32_t entry = 0; entry < entries; ++entry) sum += losses_[entry];
  return sum;
}

}  // namespace tame::cpu
