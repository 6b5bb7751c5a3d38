// See loss.h: partial derivatives, then gradient and value.
#include "loss.cuh"
#include "loss.h"

namespace tame::gpu {

Loss::Loss(Ledger& ledger, const Stream& stream, Profile& profile)
    : stream_(stream),
      profile_(profile),
      partials_(ledger, TAME_PURPOSE_IMAGES),
      gradient_(ledger, TAME_PURPOSE_IMAGES),
      sums_(ledger, TAME_PURPOSE_IMAGES) {}

void Loss::reserve(uint32_t width, uint32_t height, bool with_gradient) {
  const size_t plane = size_t(width) * height;
  sums_.reserve(3 * size_t(blocks_for(width, kLossWidth)) * blocks_for(height, kLossHeight));
  if (!with_gradient) return;
  partials_.reserve(9 * plane);
  gradient_.reserve(3 * plane);
}

void Loss::evaluate(uint32_t width, uint32_t height, float lambda_dssim, const float* image, const Photo& photo,
                    bool want_gradient, double* value, const Counts* counts) {
  LossArgs args = {};
  args.lambda_dssim = lambda_dssim;
  args.image = image;
  args.photo = photo;
  args.values = 3.0 * photo.kept;
  args.value = value;
  args.counts = counts;
  run(width, height, args, want_gradient);
}

void Loss::evaluate(uint32_t width, uint32_t height, float lambda_dssim, const float* image, const float* target_planes,
                    bool want_gradient, double* value) {
  LossArgs args = {};
  args.lambda_dssim = lambda_dssim;
  args.image = image;
  args.target_planes = target_planes;
  args.values = 3.0 * width * height;
  args.value = value;
  run(width, height, args, want_gradient);
}

void Loss::run(uint32_t width, uint32_t height, LossArgs& args, bool want_gradient) {
  const Profile::Clock clock(profile_, TAME_PHASE_LOSS);
  args.width = int(width);
  args.height = int(height);
  args.partials = want_gradient ? partials_.data() : nullptr;
  args.gradient = gradient_.data();
  args.sums = sums_.data();
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
