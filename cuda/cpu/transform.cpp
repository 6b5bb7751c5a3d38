// See transform.h.
#include "transform.h"

namespace tame::cpu {

Transform::Transform(Ledger& ledger, Threads& threads, Profile& profile, const ViewGains& gains)
    : threads_(threads),
      profile_(profile),
      gains_(gains),
      image_(ledger, TAME_PURPOSE_IMAGES),
      sums_(ledger, TAME_PURPOSE_IMAGES) {}

const float* Transform::forward(uint32_t view, const PlaneShape& shape, const float* image) {
  if (gains_.gains == nullptr) return image;
  const Profile::Clock clock(profile_, TAME_PHASE_LOSS);
  shape_ = shape;
  image_.reserve(3 * shape.plane);
  for (uint32_t c = 0; c < 3; ++c) factors_[c] = core::gain_of(gains_, view, c);
  threads_.run(3 * shape.height, [&](uint32_t item, uint32_t) {
    const uint32_t c = item / shape.height;
    const size_t from = c * shape.plane + (item % shape.height) * shape.row;
    for (size_t i = from; i < from + shape.width; ++i) image_[i] = factors_[c] * image[i];
  });
  return image_.data();
}

void Transform::backward(uint32_t place, float* gradient) {
  if (gains_.gains == nullptr) return;
  const Profile::Clock clock(profile_, TAME_PHASE_LOSS);
  sums_.reserve(3 * size_t(shape_.height));
  threads_.run(3 * shape_.height, [&](uint32_t item, uint32_t) {
    const uint32_t c = item / shape_.height;
    const size_t from = c * shape_.plane + (item % shape_.height) * shape_.row;
    double sum = 0;
    for (size_t i = from; i < from + shape_.width; ++i) {
      sum += double(gradient[i]) * double(image_[i]);
      gradient[i] = factors_[c] * gradient[i];
    }
    sums_[item] = sum;
  });
  for (uint32_t c = 0; c < 3; ++c) {
    double sum = 0;
    for (uint32_t y = 0; y < shape_.height; ++y) sum += sums_[c * shape_.height + y];
    gradients_[kTransformParameters * place + c] = sum;
  }
}

void Transform::step(const GainStep& step, const uint32_t* views, uint32_t n) {
  for (uint32_t place = 0; place < n; ++place) core::step_gains(gains_, step, views, n, place, gradients_);
}

}  // namespace tame::cpu
