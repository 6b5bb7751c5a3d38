// The loss of a view's depths (core/depths.h), and its gradient. Its scratch is allocated by the first step that has
// one.
#pragma once

#include "../abi/threads.h"
#include "rasterizer.h"
#include "views.h"

namespace tame::cpu {

class DepthLoss {
 public:
  DepthLoss(Ledger& ledger, Threads& threads, const Kernels& kernels, Profile& profile);

  // The loss of the last forward pass, of `view`, in a step. learns: also adds its gradient to that of the backward
  // pass, and leaves d loss / d depth in gradients().
  double evaluate(const Rasterizer& rasterizer, const CpuViews::View& view, const tame_step& step, uint64_t seed,
                  bool learns);
  // By slot.
  const float* gradients() const { return gradients_.data(); }

 private:
  Threads& threads_;
  const Kernels& kernels_;
  Profile& profile_;
  Buffer<float> gradients_;
  Buffer<double> losses_;
};

}  // namespace tame::cpu
