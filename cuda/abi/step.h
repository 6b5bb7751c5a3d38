// What one step record does to the parameters, for either backend.
#pragma once

#include <cstdint>

#include "../core/adam.h"
#include "../core/layout.h"
#include "../core/statistics.h"
#include "../tame.h"

namespace tame {

// Host state from the steps so far.
struct StepHistory {
  uint32_t steps[TAME_PARAMETERS] = {};  // Adam steps of each parameter
  int live_degree = 0;                   // highest SH degree that was ever active
};

// Plain data, like TrainingArgs: the kernels of every SIMD level and of the GPU read it.
struct StepEffect {
  uint32_t update_mask = 0;  // parameters that take an Adam step
  AdamStep<float> adam[TAME_PARAMETERS] = {};
  Layout::Range planes[TAME_PARAMETERS] = {};  // of each parameter
  int live_sh_planes = 0;  // SH planes whose degree was ever active: the others have zero moments and cannot move
  bool sh_accumulate = false, sh_clear = false;  // add to the running sum; clear it afterwards
  bool only_visible = false;                     // update only visible Gaussians
  bool row_bias = false;                         // `adam` has no bias correction: each row has its own
  float log_beta1 = 0, log_beta2 = 0;
  // Terms, see core/terms.h.
  float opacity_pressure = 0, scale_pressure = 0, noise = 0;
  bool logit_pressure = false, visible_terms = false;
  uint32_t iteration = 0;

  bool has_terms() const { return opacity_pressure != 0 || scale_pressure != 0 || noise != 0; }
};

// What the optimise stage does, and the state besides the parameters that it updates.
struct TrainingArgs {
  StepEffect step;
  Planes first_moments, second_moments;
  Planes sh_sums;  // running SH_REST gradient, planes of the group only; base null without
  // Statistics, null if the step does not accumulate them.
  float* gradient_sums;
  uint32_t* visible_steps;
  float* max_radii;
  Planes fragment_sums;          // in the order of StatisticPlane from kFragmentCount on
  uint32_t* row_steps;           // or null
  const float* smallest_scales;  // or null; see core/sampling.h
  uint64_t seed;                 // of the noise
};

// Whether the step has a backward pass.
inline bool learns(const tame_step& step) {
  constexpr uint32_t kGathers =
      TAME_STEP_STATISTICS | TAME_STEP_SH_ACCUMULATE | TAME_STEP_FRAGMENTS | TAME_STEP_TRANSFORM;
  return step.update_mask != 0 || (step.flags & kGathers) != 0 || step.noise > 0;
}

inline bool gathers_fragments(const tame_step& step) {
  return (step.flags & TAME_STEP_FRAGMENTS) != 0;
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
  effect.row_bias = (step.flags & TAME_STEP_ROW_BIAS) != 0;
  effect.log_beta1 = float(::log(double(options.beta1)));
  effect.log_beta2 = float(::log(double(options.beta2)));
  effect.opacity_pressure = step.opacity_pressure;
  effect.scale_pressure = step.scale_pressure;
  effect.noise = step.noise;
  effect.logit_pressure = (step.flags & TAME_STEP_LOGIT_PRESSURE) != 0;
  effect.visible_terms = (step.flags & TAME_STEP_VISIBLE_TERMS) != 0;
  effect.iteration = step.iteration;
  for (uint32_t parameter = 0; parameter < TAME_PARAMETERS; ++parameter) {
    effect.planes[parameter] = layout.range(parameter);
    if ((step.update_mask >> parameter & 1) == 0) continue;
    if (parameter == TAME_PARAMETER_SH_REST && effect.sh_accumulate && !effect.sh_clear) continue;
    effect.update_mask |= 1u << parameter;
    AdamStep<float>& adam = effect.adam[parameter];
    adam = core::adam_step(rates[parameter], options.beta1, options.beta2, options.epsilon,
                           double(++history.steps[parameter]));
    if ((step.flags & (TAME_STEP_NO_BIAS | TAME_STEP_ROW_BIAS)) == 0) continue;
    adam.step_size = rates[parameter];
    adam.inverse_bias2_sqrt = 1.f;
  }
  return effect;
}

}  // namespace tame
