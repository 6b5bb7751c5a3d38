// The loss of a view's depths (core/depths.h), and its gradient: a pass of its own after the backward pass. Its scratch
// is allocated by the first step that has one.
#pragma once

#include "../core/depths.h"
#include "rasterizer.h"
#include "views.h"

namespace tame::gpu {

class DepthLoss {
 public:
  DepthLoss(Ledger& ledger, const Stream& stream, Profile& profile);

  // Grows the buffers for the prepared rasteriser; waits if it allocates.
  void reserve(const Rasterizer& rasterizer, const ViewDepths& depths);
  // Enqueues: adds the loss of the last forward pass in a step to *loss (device memory). If the step learns, also adds
  // its gradient to that of the backward pass, and leaves d loss / d depth in gradients(), for add_depth_gradients.
  // Call reserve first.
  void evaluate(const Rasterizer& rasterizer, const ViewDepths& depths, const tame_step& step, uint64_t seed,
                double* loss);
  // By slot.
  const float* gradients() const { return gradients_.data(); }

 private:
  const Stream& stream_;
  Profile& profile_;
  DeviceBuffer<float> gradients_;
  DeviceBuffer<double> losses_;
};

// Enqueues: adds the means' gradient through the depth to what gradients_kernel has written.
void add_depth_gradients(const OptimizeArgs& args, const Stream& stream);

}  // namespace tame::gpu
