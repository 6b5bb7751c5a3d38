// The training loss of a rendered picture against a photo, with its gradient. Keeps its scratch between calls. Nothing
// here waits for the device except where it says so.
#pragma once

#include <cstdint>

#include "kernels.h"
#include "profile.h"
#include "runtime.h"

namespace tame::gpu {

class Loss {
 public:
  Loss(Ledger& ledger, const Stream& stream, Profile& profile);

  // Makes room for pictures of this size; may allocate, and then waits.
  void reserve(uint32_t width, uint32_t height, bool with_gradient);
  // Enqueues the loss of image, 3 planes, against a photo; the value goes to *value. All in device memory. With
  // want_gradient, gradient() holds d loss / d image in 3 planes afterwards. counts: of the render; where it overflowed
  // nothing is written. Call reserve first.
  void evaluate(uint32_t width, uint32_t height, float lambda_dssim, const float* image, const Photo& photo,
                bool want_gradient, double* value, const Counts* counts);
  // The same against 3 planes, of any picture.
  void evaluate(uint32_t width, uint32_t height, float lambda_dssim, const float* image, const float* target_planes,
                bool want_gradient, double* value);
  float* gradient() { return gradient_.data(); }

 private:
  void run(uint32_t width, uint32_t height, LossArgs& args, bool want_gradient);

  const Stream& stream_;
  Profile& profile_;
  DeviceBuffer<float> partials_, gradient_;
  DeviceBuffer<double2> sums_;
};

}  // namespace tame::gpu
