// What one step record does to the parameters, for either backend.
#pragma once

#include <cstdint>

#include "../core/adam.h"
#include "../core/layout.h"
#include "../tame.h"

namespace tame {

// Planes that a step's gradients have behind those of the parameters: what the step adds to each statistic, in the
// order of StatisticPlane.
enum StatisticPlane : uint32_t {
  kGradientSum,
  kVisibleSteps,
  kMaxRadius,
  kDensityPlanes,
  kFragmentCount = kDensityPlanes,
  kWeightSum,
  kAbsoluteGradientSum,
  kOpacityGradientSum,
  kOpacityGradientSquareSum,
  kStatisticPlanes,
};
constexpr uint32_t kFragmentPlanes = kStatisticPlanes - kDensityPlanes;

// What the steps so far leave behind on the host.
struct StepHistory {
  uint32_t steps[TAME_PARAMETERS] = {};  // Adam steps of each parameter
  int live_degree = 0;                   // highest SH degree that was ever active
};

// Plain data: the kernels of every SIMD level and of the GPU read it.
struct StepEffect {
  uint32_t update_mask = 0;  // parameters that take an Adam step
  AdamStep<float> adam[TAME_PARAMETERS] = {};
  Layout::Range planes[TAME_PARAMETERS] = {};  // of each parameter
  int live_sh_planes = 0;  // SH planes whose degree was ever active: the others have zero moments and cannot move
  bool sh_accumulate = false, sh_clear = false;  // add to the running sum; clear it afterwards
  bool only_visible = false;                     // only visible Gaussians step
};

// Whether the step needs a gradient at all.
inline bool learns(const tame_step& step) {
  constexpr uint32_t kGathers =
      TAME_STEP_STATISTICS | TAME_STEP_SH_ACCUMULATE | TAME_STEP_FRAGMENTS | TAME_STEP_TRANSFORM;
  return step.update_mask != 0 || (step.flags & kGathers) != 0;
}

// rates: of each parameter.
inline StepEffect take_step(const tame_step& step, const float* rates, const tame_trainer_options& options,
                            const Layout& layout, StepHistory& history) {
  if (int(step.sh_degree) > history.live_degree) history.live_degree = int(step.sh_degree);
  StepEffect effect;
  const int live = (history.live_degree + 1) * (history.live_degree + 1);
  effect.live_sh_planes = 3 * (live < layout.coefficients() ? live : layout.coefficients());
  effect.sh_accumulate = (step.flags & TAME_STEP_SH_ACCUMULATE) != 0;
  effect.sh_clear = (step.flags & TAME_STEP_SH_APPLY) != 0;
  effect.only_visible = (step.flags & TAME_STEP_VISIBLE) != 0;
  for (uint32_t parameter = 0; parameter < TAME_PARAMETERS; ++parameter) {
    effect.planes[parameter] = layout.range(parameter);
    if ((step.update_mask >> parameter & 1) == 0) continue;
    if (parameter == TAME_PARAMETER_SH_REST && effect.sh_accumulate && !effect.sh_clear) continue;
    effect.update_mask |= 1u << parameter;
    AdamStep<float>& adam = effect.adam[parameter];
    adam = core::adam_step(rates[parameter], options.beta1, options.beta2, options.epsilon,
                           double(++history.steps[parameter]));
    if ((step.flags & TAME_STEP_NO_BIAS) == 0) continue;
    adam.step_size = rates[parameter];
    adam.inverse_bias2_sqrt = 1.f;
  }
  return effect;
}

}  // namespace tame
