// The training loss of a render against a photo, with its gradient. Keeps its scratch between calls. Nothing here waits
// for the device unless documented.
#pragma once

#include <cstdint>

#include "kernels.h"
#include "profile.h"
#include "runtime.h"

namespace tame::gpu {

class Loss {
 public:
  Loss(Ledger& ledger, const Stream& stream, Profile& profile);

  // Grows the buffers for images of this size; waits if it allocates.
  void reserve(uint32_t width, uint32_t height, bool with_gradient);
  // Enqueues the loss of image, 3 planes, against a photo; writes it to *value. All in device memory. With
  // want_gradient, gradient() is then d loss / d image in 3 planes. counts: of the render; if it overflowed, nothing is
  // written. Call reserve first.
  void evaluate(uint32_t width, uint32_t height, float lambda_dssim, const float* image, const Photo& photo,
                bool want_gradient, double* value, const Counts* counts);
  // The same against any image of 3 planes.
  void evaluate(uint32_t width, uint32_t height, float lambda_dssim, const float* image, const float* target_planes,
                bool want_gradient, double* value);
  float* gradient() { return gradient_.data(); }
  // Enqueues the search for the largest |value| of the current gradient(): one float, in device memory.
  const float* largest_gradient();

 private:
  void run(uint32_t width, uint32_t height, LossArgs& args, bool want_gradient);

  const Stream& stream_;
  size_t values_ = 0;  // of the gradient, in the last call
  Profile& profile_;
  DeviceBuffer<float> partials_, gradient_;
  DeviceBuffer<double2> sums_;
  DeviceBuffer<uint32_t> largest_;  // bits of a float
};

}  // namespace tame::gpu
