// The training loss of a render against a photo, with its gradient. Keeps its scratch between calls.
#pragma once

#include <cstdint>

#include "../abi/threads.h"
#include "kernels.h"
#include "memory.h"
#include "rasterizer.h"

namespace tame::cpu {

class Loss {
 public:
  Loss(Ledger& ledger, Threads& threads, const Kernels& kernels, Profile& profile);

  // image: 3 planes of `shape`, against a photo. With want_gradient, gradient() is then d loss / d image in planes of
  // the same shape.
  double evaluate(const PlaneShape& shape, float lambda_dssim, const float* image, const Photo& photo,
                  bool want_gradient);
  // The same against 3 planes of `shape`.
  double evaluate(const PlaneShape& shape, float lambda_dssim, const float* image, const float* target_planes,
                  bool want_gradient);
  float* gradient() { return gradient_.data(); }
  // Finds the largest |value| of the current gradient(): one float.
  const float* largest_gradient();

 private:
  double run(const PlaneShape& shape, LossArgs& args, bool want_gradient);

  Threads& threads_;
  const Kernels& kernels_;
  Profile& profile_;
  Buffer<float> partials_, gradient_, scratch_;
  Buffer<double> sums_;
  PlaneShape shape_;  // of the gradient
  float largest_ = 0;
};

}  // namespace tame::cpu
