// The state of a trainer, in a backend's memory: a list of named columns, the same on both backends, for edits, exports
// and expressions, and plain pointers for the kernels.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "../core/transform.h"
#include "backend.h"
#include "step.h"
#include "values.h"

namespace tame {

constexpr uint32_t kAllState = 2 * TAME_STATE_SMALLEST_SCALES - 1;

// The number of statistic planes of a step's gradients, and of gradient buffers: one for the current view, and one for
// each of the sums over 1, 2, 4 ... views.
uint32_t gradient_statistics(uint32_t state);
uint32_t gradient_buffers(uint32_t state, uint32_t views_per_step);

struct StateColumn {
  enum class Kind {
    parameter,  // moved by the Gaussians themselves
    moment,     // 0 in new rows of an edit
    statistic,  // new rows copy it from their source
    of_views,   // one row per view, not per Gaussian
  };
  std::string name;
  Kind kind;
  uint32_t values;  // planes: values of a row
  bool integer;     // uint32_t, else float
  void* base;       // null: all 0, no memory yet
  size_t stride;    // elements from one plane to the next
  void* plane(uint32_t value) const { return static_cast<uint32_t*>(base) + size_t(value) * stride; }
};

// Parameters of a view's transform.
inline uint32_t transform_parameters(uint32_t transform) {
  return transform == TAME_TRANSFORM_GAINS    ? kGainParameters
         : transform == TAME_TRANSFORM_AFFINE ? kAffineParameters
                                              : 0;
}

inline TransformStep transform_step(const tame_trainer_options& options, float rate) {
  return {rate, options.beta1, options.beta2, options.epsilon};
}

class TrainingState {
 public:
  TrainingState(Device& device, std::shared_ptr<Gaussians> gaussians, uint32_t views,
                const tame_trainer_options& options);

  const tame_trainer_options options;
  StepHistory history;

  // For the kernels; null if the options do not ask for it.
  Planes first_moments, second_moments;
  Planes sh_sums;  // planes of SH_REST only
  float* gradient_sums;
  uint32_t* visible_steps;
  float* max_radii;
  Planes fragment_sums;  // kFragmentPlanes planes, in the order of StatisticPlane from kFragmentCount on
  uint32_t* row_steps;
  float* smallest_scales;
  float* scores;  // after need_scores()
  // Gradients of a step: the planes of the parameters, then kDensityPlanes and, with fragments, kFragmentPlanes more.
  // Empty if steps run fused. The first holds the gradient of a view at an odd place, and finally that of the step; the
  // others, log2(views_per_step) of them, hold sums over 1, 2, 4 ... views.
  std::vector<Planes> gradients;
  ViewTransforms transform;

  uint32_t gradient_planes() const;  // of each of `gradients`
  // Counts a step and returns the arguments of its optimise stage.
  TrainingArgs take_step(const tame_step& step, const float* rates);
  // The buffer for the gradients of the view at a place of the step, and the sum to compute after it: without terms if
  // there is none.
  Planes view_gradients(uint32_t place) const;
  GradientSum gradient_sum(uint32_t place) const;
  uint32_t views() const { return views_; }
  Threads& threads() const { return device_.threads(); }

  std::vector<StateColumn> columns() const;
  // Current number of rows of a column.
  uint32_t rows_of(const StateColumn& column) const {
    return column.kind == StateColumn::Kind::of_views ? views_ : gaussians_->count();
  }
  // Values of a row together, 4 bytes each. Each waits.
  void read_rows(const StateColumn& column, uint32_t offset, uint32_t rows, uint32_t* out) const;
  void write_rows(const StateColumn& column, uint32_t offset, uint32_t rows, const uint32_t* in);

  // The number of Gaussians with a parameter, moment or SH sum that is not finite. Waits.
  uint32_t count_non_finite() const;

  void need_scores();
  void clear_statistics();
  // Clears both moments of the parameters in the mask, where `rows` is not 0, or in all rows if it is empty.
  void clear_moments(uint32_t mask, const Values& rows);
  void set_opacity_mode(bool linear);
  void edit(const RowEdit& edit);

 private:
  using Memory = std::unique_ptr<StateMemory>;
  size_t stride() const { return gaussians_->planes().stride; }
  uint32_t* take(uint32_t purpose, size_t elements);
  Planes take_planes(uint32_t purpose, uint32_t planes);
  void clear_plane(const Planes& planes, int plane, const Values& rows);

  Device& device_;
  const std::shared_ptr<Gaussians> gaussians_;
  const uint32_t views_;
  std::vector<Memory> memory_;
};

}  // namespace tame
