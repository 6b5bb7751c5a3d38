// The transform between the render and the loss: an affine change of the rendered colours for each view, x' = M x + b.
// GAINS: M is diagonal, M[c][c] = exp(g[c]). AFFINE: [M | b] = [1 | 0] + D, with the rows of D as parameters. Zero
// parameters are the identity, to the bit. Adam trains them together with the Gaussians, and after each step the mean
// of each parameter over all views is subtracted: the Gaussians could take it over unseen.
#pragma once

#include <cstdint>

#include "adam.h"
#include "photo.h"
#include "tree_sum.h"

namespace tame {

constexpr uint32_t kGainParameters = 3, kAffineParameters = 12;
// Gains: weight in the loss of the mean square of the white balance, which is the gains minus their mean over channels.
constexpr double kBalanceWeight = 0.01;

// Parameters of all views with their moments, and each view's number of steps. Parameter k of view v: [k * views + v].
struct ViewTransforms {
  float *values, *m, *v;
  uint32_t* steps;
  uint32_t views;
  uint32_t parameters;  // kGainParameters, kAffineParameters, or 0: no transform
};

// Adam's constants in a step.
struct TransformStep {
  float rate, beta1, beta2, epsilon;
};

struct ColorTransform {
  float rows[3][4];  // of [M | b]
};

inline namespace TAME_SIMD_LEVEL {
namespace core {

TAME_FN ColorTransform color_transform(const ViewTransforms& t, uint32_t view) {
  ColorTransform out = {};
  for (uint32_t row = 0; row < 3; ++row) {
    if (t.parameters == kGainParameters) {
      out.rows[row][row] = exp(t.values[size_t(row) * t.views + view]);
      continue;
    }
    for (uint32_t column = 0; column < 4; ++column)
      out.rows[row][column] = t.values[size_t(4 * row + column) * t.views + view];
    out.rows[row][row] += 1.f;
  }
  return out;
}

TAME_FN float transformed(const ColorTransform& t, uint32_t row, const float color[3]) {
  return t.rows[row][0] * color[0] + t.rows[row][1] * color[1] + t.rows[row][2] * color[2] + t.rows[row][3];
}

// A channel that is saturated in the photo says only that the scene is at least as bright, or as dark: the value is
// clamped to the photo's. Elsewhere it is not, so that its gradient can bring it back.
TAME_FN bool in_range(float value) {
  return value >= 0.f && value <= 1.f;
}
TAME_FN bool beyond_saturation(float value, int photo_byte) {
  return (photo_byte == 255 && value > 1.f) || (photo_byte == 0 && value < 0.f);
}
TAME_FN float clamped_to_saturation(float value, int photo_byte) {
  return beyond_saturation(value, photo_byte) ? float(photo_byte == 255) : value;
}

// d loss / d colour from the gradient with respect to the transformed colours.
TAME_FN float color_gradient(const ColorTransform& t, uint32_t channel, const float gradient[3]) {
  return t.rows[0][channel] * gradient[0] + t.rows[1][channel] * gradient[1] + t.rows[2][channel] * gradient[2];
}

// d x'[row] / d parameter of a pixel is factor * x[column], where x[3] is 1.
struct ParameterPlace {
  uint32_t row, column;
  float factor;
};

TAME_FN ParameterPlace parameter_place(const ColorTransform& t, uint32_t parameters, uint32_t k) {
  if (parameters == kGainParameters) return {k, k, t.rows[k][k]};
  return {k / 4, k % 4, 1.f};
}

// What a pixel adds to d loss / d parameter. color: x[column]; gradient: d loss / d x'[row].
TAME_FN double parameter_gradient(const ParameterPlace& place, float color, float gradient) {
  return double(gradient) * double(place.factor * color);
}

// d / d gain of kBalanceWeight times the mean square of the view's white balance.
TAME_FN double balance_gradient(const ViewTransforms& t, uint32_t view, uint32_t channel) {
  double mean = 0;
  for (uint32_t c = 0; c < 3; ++c) mean += double(t.values[size_t(c) * t.views + view]) / 3;
  return 2 * kBalanceWeight / 3 * (double(t.values[size_t(channel) * t.views + view]) - mean);
}

// Updates the parameters of the view at `place`; a view with several places is updated once, at its first. gradients:
// of the parameters, summed over pixels, [place in the step][parameter]; n places. The loss of a step is the mean over
// them.
TAME_FN void step_transform(const ViewTransforms& t, const TransformStep& step, const uint32_t* views, uint32_t n,
                            uint32_t place, const double* gradients) {
  const uint32_t view = views[place];
  for (uint32_t k = 0; k < place; ++k)
    if (views[k] == view) return;
  const AdamStep<float> adam = adam_step(step.rate, step.beta1, step.beta2, step.epsilon, double(++t.steps[view]));
  double sums[kAffineParameters], share = 0;
  for (uint32_t k = 0; k < n; ++k) share += views[k] == view ? 1.0 / double(n) : 0.0;
  for (uint32_t p = 0; p < t.parameters; ++p) {
    double own[kMostViewsPerStep];
    for (uint32_t k = 0; k < n; ++k) own[k] = views[k] == view ? gradients[t.parameters * k + p] : 0.0;
    sums[p] = tree_sum(own, n) / double(n);
    if (t.parameters == kGainParameters) sums[p] += share * balance_gradient(t, view, p);
  }
  for (uint32_t p = 0; p < t.parameters; ++p) {
    const size_t at = size_t(p) * t.views + view;
    core::adam(adam, float(sums[p]), t.values[at], t.m[at], t.v[at]);
  }
}

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame
