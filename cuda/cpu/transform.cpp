// See transform.h.
#include "transform.h"

namespace tame::cpu {

namespace {

constexpr uint32_t kLanes = 8;

// A sum over a row in lanes, whose additions need not wait for one another; the order is fixed.
template <class Value>
double sum_row(uint32_t width, const Value& value) {
  double lanes[kLanes] = {};
  const uint32_t whole = width / kLanes * kLanes;
  for (uint32_t x = 0; x < whole; x += kLanes)
    for (uint32_t lane = 0; lane < kLanes; ++lane) lanes[lane] += value(x + lane);
  for (uint32_t x = whole; x < width; ++x) lanes[x - whole] += value(x);
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

}  // namespace

Transform::Transform(Ledger& ledger, Threads& threads, Profile& profile, const ViewTransforms& transforms)
    : threads_(threads),
      profile_(profile),
      transforms_(transforms),
      transformed_(ledger, TAME_PURPOSE_IMAGES),
      sums_(ledger, TAME_PURPOSE_IMAGES) {}

const float* Transform::forward(uint32_t view, const PlaneShape& shape, const float* image, const Photo& photo) {
  if (none()) return image;
  const Profile::Clock clock(profile_, TAME_PHASE_LOSS);
  shape_ = shape;
  image_ = image;
  photo_ = photo;
  color_ = core::color_transform(transforms_, view);
  transformed_.reserve(3 * shape.plane);
  threads_.run(shape.height, [&](uint32_t y, uint32_t) {
    const float* const from = image + y * shape.row;
    for (uint32_t c = 0; c < 3; ++c) {
      float* const to = transformed_.data() + c * shape.plane + y * shape.row;
      for (uint32_t x = 0; x < shape.width; ++x) {
        const float color[3] = {from[x], from[x + shape.plane], from[x + 2 * shape.plane]};
        to[x] = core::transformed(color_, c, color);
      }
      for (uint32_t x = 0; x < shape.width; ++x)  // by itself: few pixels need their photo
        if (!core::in_range(to[x]))
          to[x] = core::clamped_to_saturation(to[x], core::photo_byte(photo, size_t(y) * shape.width + x, int(c)));
    }
  });
  return transformed_.data();
}

void Transform::backward(uint32_t place, float* gradient) {
  if (none()) return;
  const Profile::Clock clock(profile_, TAME_PHASE_LOSS);
  const uint32_t parameters = transforms_.parameters;
  const size_t plane = shape_.plane;
  sums_.reserve(kAffineParameters * size_t(shape_.height));
  threads_.run(shape_.height, [&](uint32_t y, uint32_t) {
    const size_t first = y * shape_.row;
    const float* const in[3] = {image_ + first, image_ + first + plane, image_ + first + 2 * plane};
    float* const own[3] = {gradient + first, gradient + first + plane, gradient + first + 2 * plane};
    for (uint32_t c = 0; c < 3; ++c) {
      // A clamped value is exactly 0 or 1.
      const float* const out = transformed_.data() + c * plane + first;
      for (uint32_t x = 0; x < shape_.width; ++x) {
        if (out[x] != 0.f && out[x] != 1.f) continue;
        const float color[3] = {in[0][x], in[1][x], in[2][x]};
        const int byte = core::photo_byte(photo_, size_t(y) * shape_.width + x, int(c));
        if (core::beyond_saturation(core::transformed(color_, c, color), byte)) own[c][x] = 0.f;
      }
    }
    for (uint32_t k = 0; k < parameters; ++k) {
      const core::ParameterPlace place = core::parameter_place(color_, parameters, k);
      const float* const along = place.column == 3 ? nullptr : in[place.column];
      const float* const against = own[place.row];
      sums_[kAffineParameters * size_t(y) + k] =
          along == nullptr
              ? sum_row(shape_.width, [=](uint32_t x) { return core::parameter_gradient(place, 1.f, against[x]); })
              : sum_row(shape_.width,
                        [=](uint32_t x) { return core::parameter_gradient(place, along[x], against[x]); });
    }
    for (uint32_t x = 0; x < shape_.width; ++x) {
      const float all[3] = {own[0][x], own[1][x], own[2][x]};
      for (uint32_t c = 0; c < 3; ++c) own[c][x] = core::color_gradient(color_, c, all);
    }
  });
  for (uint32_t k = 0; k < parameters; ++k) {
    double sum = 0;
    for (uint32_t y = 0; y < shape_.height; ++y) sum += sums_[kAffineParameters * size_t(y) + k];
    gradients_[parameters * place + k] = sum;
  }
}

void Transform::step(const TransformStep& step, const uint32_t* views, uint32_t n) {
  for (uint32_t place = 0; place < n; ++place) core::step_transform(transforms_, step, views, n, place, gradients_);
  for (uint32_t k = 0; k < transforms_.parameters; ++k) {
    float* const values = transforms_.values + size_t(k) * transforms_.views;
    double sum = 0;
    for (uint32_t view = 0; view < transforms_.views; ++view) sum += double(values[view]);
    const double mean = sum / transforms_.views;
    for (uint32_t view = 0; view < transforms_.views; ++view) values[view] = float(double(values[view]) - mean);
  }
}

}  // namespace tame::cpu
