// The transform between the render and the loss (core/transform.h), and the updates of its parameters. Does nothing if
// the trainer has none.
#pragma once

#include "../abi/threads.h"
#include "../core/transform.h"
#include "memory.h"
#include "rasterizer.h"

namespace tame::cpu {

class Transform {
 public:
  Transform(Ledger& ledger, Threads& threads, Profile& profile, const ViewGains& gains);

  // The transformed image, 3 planes of `shape`, valid until the next call.
  const float* forward(uint32_t view, const PlaneShape& shape, const float* image);
  // gradient: d loss / d transformed image of the last forward, 3 planes; becomes d loss / d image. Stores the gradient
  // of the view's parameters for its place in the step.
  void backward(uint32_t place, float* gradient);
  // Updates the parameters of the n views of a step.
  void step(const GainStep& step, const uint32_t* views, uint32_t n);

 private:
  Threads& threads_;
  Profile& profile_;
  const ViewGains gains_;
  PlaneShape shape_;
  float factors_[kTransformParameters];  // of the current view
  double gradients_[kMostViewsPerStep * kTransformParameters];
  Buffer<float> image_;
  Buffer<double> sums_;
};

}  // namespace tame::cpu
