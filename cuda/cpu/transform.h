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
  Transform(Ledger& ledger, Threads& threads, Profile& profile, const ViewTransforms& transforms);

  // The transformed image, 3 planes of `shape`, clamped where the photo is saturated. Valid until the next call.
  const float* forward(uint32_t view, const PlaneShape& shape, const float* image, const Photo& photo);
  // gradient: d loss / d transformed image of the last forward, whose image and photo must still exist; 3 planes;
  // becomes d loss / d image. Stores the gradient of the view's parameters for its place in the step.
  void backward(uint32_t place, float* gradient);
  // Updates the parameters of the n views of a step.
  void step(const TransformStep& step, const uint32_t* views, uint32_t n);

 private:
  bool none() const { return transforms_.parameters == 0; }

  Threads& threads_;
  Profile& profile_;
  const ViewTransforms transforms_;
  // Of the last forward.
  PlaneShape shape_;
  const float* image_ = nullptr;
  Photo photo_;
  ColorTransform color_;
  double gradients_[kMostViewsPerStep * kAffineParameters];
  Buffer<float> transformed_;
  Buffer<double> sums_;  // of rows, [row][parameter]
};

}  // namespace tame::cpu
