// The transform between the render and the loss (core/transform.h), and the updates of its parameters, all on the
// device. Does nothing if the trainer has none. If the render overflowed, no kernel writes anything.
#pragma once

#include "../core/transform.h"
#include "kernels.h"
#include "profile.h"
#include "runtime.h"

namespace tame::gpu {

class Transform {
 public:
  Transform(Ledger& ledger, const Stream& stream, Profile& profile, const ViewGains& gains);

  // Grows the buffers for images of this size; waits if it allocates.
  void reserve(uint32_t width, uint32_t height);
  // The transformed image, 3 planes, valid until the next call. Call reserve first.
  const float* forward(uint32_t view, uint32_t width, uint32_t height, const float* image, const Counts* counts);
  // gradient: d loss / d transformed image of the last forward, 3 planes; becomes d loss / d image. Stores the gradient
  // of the view's parameters for its place in the step.
  void backward(uint32_t place, float* gradient);
  // Updates the parameters of the n views of a step.
  void step(const GainStep& step, const uint32_t* views, uint32_t n, const Counts* counts);

 private:
  const Stream& stream_;
  Profile& profile_;
  const ViewGains gains_;
  // Of the last forward.
  uint32_t view_ = 0;
  size_t plane_ = 0;
  const Counts* counts_ = nullptr;
  DeviceBuffer<float> image_;
  DeviceBuffer<double> sums_;       // of blocks, [channel][block]
  DeviceBuffer<double> gradients_;  // [place in the step][channel]
};

}  // namespace tame::gpu
