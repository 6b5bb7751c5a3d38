// The transform between a rendered picture and its loss (core/transform.h), and the steps of its parameters, all on the
// device. Does nothing where the trainer has none. Where the render overflowed no kernel writes anything.
#pragma once

#include "../core/transform.h"
#include "kernels.h"
#include "profile.h"
#include "runtime.h"

namespace tame::gpu {

class Transform {
 public:
  Transform(Ledger& ledger, const Stream& stream, Profile& profile, const ViewGains& gains);

  // Makes room for pictures of this size; may allocate, and then waits.
  void reserve(uint32_t width, uint32_t height);
  // The transformed image, 3 planes, good until the next call. Call reserve first.
  const float* forward(uint32_t view, uint32_t width, uint32_t height, const float* image, const Counts* counts);
  // gradient: d loss / d transformed image in 3 planes, of the last forward; becomes d loss / d image. The gradient of
  // the view's own parameters is kept as that of a place in the step.
  void backward(uint32_t place, float* gradient);
  // Steps the parameters of the n views of a step.
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
