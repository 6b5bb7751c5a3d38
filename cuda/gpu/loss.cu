// The training loss: partial derivatives, gradient, value.
#include "loss.cuh"
#include "rasterizer.h"

namespace tame::gpu {

void Rasterizer::loss(float lambda_dssim, const Photo& photo, bool want_gradient, double* value) {
  run_loss(uint32_t(blend_.width), uint32_t(blend_.height), lambda_dssim, image_.data(), photo, nullptr, want_gradient,
           value, counts_.data());
}

void Rasterizer::image_loss(uint32_t width, uint32_t height, float lambda_dssim, const float* image,
                            const float* target, bool want_gradient, double* value) {
  reserve_loss(width, height, want_gradient);
  run_loss(width, height, lambda_dssim, image, {}, target, want_gradient, value, nullptr);
}

void Rasterizer::reserve_loss(uint32_t width, uint32_t height, bool with_gradient) {
  const size_t plane = size_t(width) * height;
  loss_sums_.reserve(3 * size_t(blocks_for(width, kLossWidth)) * blocks_for(height, kLossHeight));
  if (!with_gradient) return;
  partials_.reserve(9 * plane);
  loss_gradient_.reserve(3 * plane);
}

void Rasterizer::run_loss(uint32_t width, uint32_t height, float lambda_dssim, const float* image, const Photo& photo,
                          const float* target_planes, bool want_gradient, double* value, const Counts* counts) {
  const Profile::Clock clock(profile_, TAME_PHASE_LOSS);
  LossArgs args = {};
  args.width = int(width);
  args.height = int(height);
  args.lambda_dssim = lambda_dssim;
  args.image = image;
  args.photo = photo;
  args.target_planes = target_planes;
  args.values = 3.0 * (photo.pixels != nullptr ? photo.kept : size_t(width) * height);
  args.partials = want_gradient ? partials_.data() : nullptr;
  args.gradient = loss_gradient_.data();
  args.sums = loss_sums_.data();
  args.counts = counts;
  args.value = value;
  const dim3 grid(blocks_for(width, kLossWidth), blocks_for(height, kLossHeight), 3);
  args.blocks = grid.x * grid.y * grid.z;
  loss_partials_kernel<<<grid, kLossThreads, 0, stream_>>>(args);
  check_launch("launch loss_partials_kernel");
  if (want_gradient) {
    loss_gradient_kernel<<<grid, kLossThreads, 0, stream_>>>(args);
    check_launch("launch loss_gradient_kernel");
  } else {
    loss_value_kernel<<<1, kLossThreads, 0, stream_>>>(args);
    check_launch("launch loss_value_kernel");
  }
}

}  // namespace tame::gpu
