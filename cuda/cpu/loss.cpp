// See loss.h.
#include "loss.h"

#include <algorithm>
#include <cmath>

namespace tame::cpu {

Loss::Loss(Ledger& ledger, Threads& threads, const Kernels& kernels, Profile& profile)
    : threads_(threads),
      kernels_(kernels),
      profile_(profile),
      partials_(ledger, TAME_PURPOSE_IMAGES),
      gradient_(ledger, TAME_PURPOSE_IMAGES),
      scratch_(ledger, TAME_PURPOSE_IMAGES),
      sums_(ledger, TAME_PURPOSE_IMAGES) {}

double Loss::evaluate(const PlaneShape& shape, float lambda_dssim, const float* image, const Photo& photo,
                      bool want_gradient) {
  LossArgs args = {};
  args.lambda_dssim = lambda_dssim;
  args.image = image;
  args.photo = photo;
  args.values = 3.0 * photo.kept;
  return run(shape, args, want_gradient);
}

double Loss::evaluate(const PlaneShape& shape, float lambda_dssim, const float* image, const float* target_planes,
                      bool want_gradient) {
  LossArgs args = {};
  args.lambda_dssim = lambda_dssim;
  args.image = image;
  args.target_planes = target_planes;
  args.values = 3.0 * shape.width * shape.height;
  return run(shape, args, want_gradient);
}

double Loss::run(const PlaneShape& shape, LossArgs& args, bool want_gradient) {
  const Profile::Clock clock(profile_, TAME_PHASE_LOSS);
  const uint32_t stripes = (shape.height + kLossStripe - 1) / kLossStripe, items = 3 * stripes;
  const size_t scratch = loss_scratch_floats(shape.row);
  scratch_.reserve(scratch * threads_.size());
  sums_.reserve(2 * size_t(items));
  if (want_gradient) {
    partials_.reserve(9 * shape.plane);
    gradient_.reserve(3 * shape.plane);
  }
  shape_ = shape;
  args.width = int(shape.width);
  args.height = int(shape.height);
  args.row = shape.row;
  args.plane = shape.plane;
  args.partials = partials_.data();
  args.gradient = want_gradient ? gradient_.data() : nullptr;
  args.sums = sums_.data();
  threads_.run(items, [&](uint32_t item, uint32_t thread) {
    kernels_.loss_partials(args, item % stripes, item / stripes, scratch_.data() + thread * scratch);
  });
  if (want_gradient)
    threads_.run(items, [&](uint32_t item, uint32_t thread) {
      kernels_.loss_gradient(args, item % stripes, item / stripes, scratch_.data() + thread * scratch);
    });
  double l1 = 0, ssim = 0;
  for (uint32_t item = 0; item < items; ++item) {
    l1 += sums_[2 * size_t(item)];
    ssim += sums_[2 * size_t(item) + 1];
  }
  if (args.values == 0) return 0;  // the mask excludes the whole photo
  const double lambda = args.lambda_dssim;
  return (1 - lambda) * l1 / args.values + lambda * (1 - ssim / args.values);
}

const float* Loss::largest_gradient() {
  const Profile::Clock clock(profile_, TAME_PHASE_LOSS);
  const uint32_t rows = 3 * shape_.height;
  sums_.reserve(rows);
  threads_.run(rows, [&](uint32_t row, uint32_t) {
    const float* values = gradient_.data() + row / shape_.height * shape_.plane + row % shape_.height * shape_.row;
    float largest = 0;
    for (uint32_t x = 0; x < shape_.width; ++x) largest = std::max(largest, std::fabs(values[x]));
    sums_[row] = largest;
  });
  largest_ = float(*std::max_element(sums_.data(), sums_.data() + rows));
  return &largest_;
}

}  // namespace tame::cpu
