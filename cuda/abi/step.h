// What one step record does to the parameter groups, for either backend.
#pragma once

#include <cstdint>

#include "../core/adam.h"
#include "../core/layout.h"
#include "../tame.h"

namespace tame {

// What the steps so far leave behind on the host.
struct StepHistory {
  uint32_t steps[TAME_GROUPS] = {};  // Adam steps each group has taken
  int live_degree = 0;               // highest SH degree that was ever active
};

struct StepEffect {
  uint32_t update_mask = 0;  // groups that take an Adam step
  AdamStep<float> groups[TAME_GROUPS] = {};
  int live_sh_planes = 0;  // SH planes whose degree was ever active: the others have zero moments and cannot move
  bool sh_accumulate = false, sh_clear = false;  // add to the running sum; clear it afterwards
  bool sparse = false;                           // only visible Gaussians step
};

// Whether the step needs a gradient at all.
inline bool learns(const tame_step& step) {
  return step.update_mask != 0 || (step.flags & (TAME_STEP_STATISTICS | TAME_STEP_SH_ACCUMULATE)) != 0;
}

inline StepEffect take_step(const tame_step& step, const tame_trainer_options& options, const Layout& layout,
                            StepHistory& history) {
  if (int(step.sh_degree) > history.live_degree) history.live_degree = int(step.sh_degree);
  StepEffect effect;
  const int live = (history.live_degree + 1) * (history.live_degree + 1);
  effect.live_sh_planes = 3 * (live < layout.coefficients() ? live : layout.coefficients());
  effect.sh_accumulate = (step.flags & TAME_STEP_SH_ACCUMULATE) != 0;
  effect.sh_clear = (step.flags & TAME_STEP_SH_APPLY) != 0;
  effect.sparse = (step.flags & TAME_STEP_SPARSE) != 0;
  for (uint32_t group = 0; group < TAME_GROUPS; ++group) {
    if ((step.update_mask >> group & 1) == 0) continue;
    if (group == TAME_GROUP_SH_REST && effect.sh_accumulate && !effect.sh_clear) continue;
    effect.update_mask |= 1u << group;
    effect.groups[group] = core::adam_step(step.learning_rates[group], options.beta1, options.beta2, options.epsilon,
                                           double(++history.steps[group]));
    if (!effect.sparse) continue;
    effect.groups[group].step_size = step.learning_rates[group];
    effect.groups[group].inverse_bias2_sqrt = 1.f;
  }
  return effect;
}

}  // namespace tame
