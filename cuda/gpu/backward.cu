// The backward pass, top to bottom: from the picture's gradient to each instance, and from the instances of a Gaussian
// to its parameters.
#include "blend_backward.cuh"
#include "optimize.cuh"
#include "rasterizer.h"

namespace tame::gpu {

void Rasterizer::backward(const float* d_image, const float* d_alpha) {
  blend_.d_image = d_image;
  blend_.d_alpha = d_alpha;
  // As many buckets as the room allows; those beyond the real number return at once.
  const uint32_t buckets = instance_room() / kBucket + tiles_;
  blend_backward_kernel<<<blocks_for(buckets, kBackwardWarps), kBackwardWarps * kWarp, 0, stream_>>>(blend_);
  check_launch("launch blend_backward_kernel");
}

OptimizeArgs Rasterizer::optimize_args() const {
  OptimizeArgs args = {};
  args.projection = projection_;
  args.offsets = offsets_.data();
  args.gradients = gradients_.data();
  return args;
}

void Rasterizer::optimize(const OptimizeArgs& args, bool train) {
  const uint32_t blocks = blocks_for(args.projection.count, kGaussianThreads);
  if (blocks == 0) return;
  if (train)
    optimize_kernel<true><<<blocks, kGaussianThreads, 0, stream_>>>(args);
  else
    optimize_kernel<false><<<blocks, kGaussianThreads, 0, stream_>>>(args);
  check_launch("launch optimize_kernel");
}

}  // namespace tame::gpu
