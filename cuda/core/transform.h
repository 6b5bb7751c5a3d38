// The transform between the render and the loss: for view v and channel c the transformed colour is exp(g[v][c]) times
// the rendered one. Adam trains the log-gains g together with the Gaussians.
#pragma once

#include <cstdint>

#include "adam.h"
#include "tree_sum.h"

namespace tame {

constexpr uint32_t kTransformParameters = 3;  // log-gains per view

// Log-gains of all views with their moments, and each view's number of steps. Gain c of view v: [c * views + v].
struct ViewGains {
  float *gains, *m, *v;
  uint32_t* steps;
  uint32_t views;
};

// Adam's constants in a step.
struct GainStep {
  float rate, beta1, beta2, epsilon;
};

inline namespace TAME_SIMD_LEVEL {
namespace core {

TAME_FN float gain_of(const ViewGains& g, uint32_t view, uint32_t channel) {
  return exp(g.gains[size_t(channel) * g.views + view]);
}

// Updates the gains of the view at `place`; a view with several places is updated once, at its first. A pixel's
// d loss / d log-gain is d loss / d colour times colour, both after the transform. gradients: that, summed over pixels,
// [place in the step][channel]; n places. The loss of a step is the mean over them.
TAME_FN void step_gains(const ViewGains& g, const GainStep& step, const uint32_t* views, uint32_t n, uint32_t place,
                        const double* gradients) {
  const uint32_t view = views[place];
  for (uint32_t k = 0; k < place; ++k)
    if (views[k] == view) return;
  const AdamStep<float> adam = adam_step(step.rate, step.beta1, step.beta2, step.epsilon, double(++g.steps[view]));
  for (uint32_t c = 0; c < kTransformParameters; ++c) {
    double own[kMostViewsPerStep];
    for (uint32_t k = 0; k < n; ++k) own[k] = views[k] == view ? gradients[kTransformParameters * k + c] : 0.0;
    const size_t at = size_t(c) * g.views + view;
    core::adam(adam, float(tree_sum(own, n) / double(n)), g.gains[at], g.m[at], g.v[at]);
  }
}

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame
