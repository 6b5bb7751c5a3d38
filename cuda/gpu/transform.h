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
  Transform(Ledger& ledger, const Stream& stream, Profile& profile, const ViewTransforms& transforms);

  // Grows the buffers for images of this size; waits if it allocates.
  void reserve(uint32_t width, uint32_t height);
  // The transformed image, 3 planes, clamped where the photo is saturated. Valid until the next call. Call reserve
  // first.
  const float* forward(uint32_t view, uint32_t width, uint32_t height, const float* image, const Photo& photo,
                       const Counts* counts);
  // gradient: d loss / d transformed image of the last forward, whose image and photo must still exist; 3 planes;
  // becomes d loss / d image. Stores the gradient of the view's parameters for its place in the step.
  void backward(uint32_t place, float* gradient);
  // Updates the parameters of the n views of a step.
  void step(const TransformStep& step, const uint32_t* views, uint32_t n, const Counts* counts);

 private:
  bool none() const { return transforms_.parameters == 0; }

  const Stream& stream_;
  Profile& profile_;
  const ViewTransforms transforms_;
  // Of the last forward.
  uint32_t view_ = 0;
  size_t plane_ = 0;
  const float* image_ = nullptr;
  Photo photo_ = {};
  const Counts* counts_ = nullptr;
  DeviceBuffer<float> transformed_;
  DeviceBuffer<double> sums_;       // of blocks, [parameter][block]
  DeviceBuffer<double> gradients_;  // [place in the step][parameter]
};

}  // namespace tame::gpu
