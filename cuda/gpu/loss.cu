// See loss.h: partial derivatives, then gradient and value.
#include "loss.cuh"
#include "loss.h"

namespace tame::gpu {

namespace {

// Blocks of an image, and whether they have kLossHeight rows.
struct Grid {
  dim3 blocks;
  bool tall;
};

Grid grid_for(uint32_t width, uint32_t height) {
  const uint32_t across = blocks_for(width, kLossWidth), tall = blocks_for(height, kLossHeight);
  if (across * tall >= kLossFewBlocks) return {dim3(across, tall, 1), true};
  return {dim3(across, blocks_for(height, kLossLeastHeight), 3), false};
}

template <int height>
void launch(const dim3& blocks, const LossArgs& args, cudaStream_t stream) {
  loss_partials_kernel<height><<<blocks, kLossThreads, 0, stream>>>(args);
  check_launch("launch loss_partials_kernel");
  if (args.partials == nullptr) return;
  loss_gradient_kernel<height><<<blocks, kLossThreads, 0, stream>>>(args);
  check_launch("launch loss_gradient_kernel");
}

}  // namespace

Loss::Loss(Ledger& ledger, const Stream& stream, Profile& profile)
    : stream_(stream),
      profile_(profile),
      partials_(ledger, TAME_PURPOSE_IMAGES),
      gradient_(ledger, TAME_PURPOSE_IMAGES),
      sums_(ledger, TAME_PURPOSE_IMAGES),
      largest_(ledger, TAME_PURPOSE_IMAGES) {}

void Loss::reserve(uint32_t width, uint32_t height, bool with_gradient) {
  const size_t plane = size_t(width) * height;
  const Grid grid = grid_for(width, height);
  sums_.reserve(size_t(grid.blocks.x) * grid.blocks.y * grid.blocks.z);
  if (!with_gradient) return;
  partials_.reserve(9 * plane);
  gradient_.reserve(3 * plane);
  largest_.reserve(1);
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
  args.l1_share = (1.f - args.lambda_dssim) / float(args.values);
  args.ssim_share = -args.lambda_dssim / float(args.values);
  args.partials = want_gradient ? partials_.data() : nullptr;
  args.gradient = gradient_.data();
  args.sums = sums_.data();
  values_ = 3 * size_t(width) * height;
  const Grid grid = grid_for(width, height);
  args.blocks = grid.blocks.x * grid.blocks.y * grid.blocks.z;
  if (grid.tall)
    launch<kLossHeight>(grid.blocks, args, stream_);
  else
    launch<kLossLeastHeight>(grid.blocks, args, stream_);
  if (want_gradient) return;  // the gradient's kernel computes the value
  loss_value_kernel<<<1, kLossThreads, 0, stream_>>>(args);
  check_launch("launch loss_value_kernel");
}

const float* Loss::largest_gradient() {
  const Profile::Clock clock(profile_, TAME_PHASE_LOSS);
  check(cudaMemsetAsync(largest_.data(), 0, largest_.bytes(), stream_), "clear the largest gradient");
  largest_value_kernel<<<blocks_for(values_, kLargestThreads), kLargestThreads, 0, stream_>>>(gradient_.data(), values_,
                                                                                              largest_.data());
  check_launch("launch largest_value_kernel");
  return reinterpret_cast<const float*>(largest_.data());
}

}  // namespace tame::gpu
