// See training_state.h.
#include "training_state.h"

#include <algorithm>

namespace tame {

uint32_t gradient_statistics(uint32_t state) {
  return (state & TAME_STATE_FRAGMENTS) != 0 ? kStatisticPlanes : kDensityPlanes;
}

uint32_t gradient_buffers(uint32_t state, uint32_t views_per_step) {
  uint32_t levels = 0;
  while (1u << levels < views_per_step) ++levels;
  return levels > 0 || (state & TAME_STATE_GRADIENTS) != 0 ? levels + 1 : 0;
}

TrainingState::TrainingState(Device& device, std::shared_ptr<Gaussians> gaussians, uint32_t views,
                             const tame_trainer_options& options)
    : options(options), device_(device), gaussians_(std::move(gaussians)), views_(views) {
  const Layout& layout = gaussians_->layout();
  const uint32_t planes = uint32_t(layout.planes()), capacity = gaussians_->capacity();
  const auto keeps = [&](uint32_t what) { return (options.state & what) != 0; };
  first_moments = take_planes(TAME_PURPOSE_OPTIMIZER, planes);
  second_moments = take_planes(TAME_PURPOSE_OPTIMIZER, planes);
  const Layout::Range rest = layout.range(TAME_PARAMETER_SH_REST);
  sh_sums = take_planes(TAME_PURPOSE_OPTIMIZER, keeps(TAME_STATE_SH_SUMS) ? uint32_t(rest.last - rest.first) : 0);
  gradient_sums = reinterpret_cast<float*>(take(TAME_PURPOSE_STATISTICS, capacity));
  visible_steps = take(TAME_PURPOSE_STATISTICS, capacity);
  max_radii = reinterpret_cast<float*>(take(TAME_PURPOSE_STATISTICS, capacity));
  fragment_sums = take_planes(TAME_PURPOSE_STATISTICS, keeps(TAME_STATE_FRAGMENTS) ? kFragmentPlanes : 0);
  row_steps = take(TAME_PURPOSE_OPTIMIZER, keeps(TAME_STATE_ROW_STEPS) ? capacity : 0);
  smallest_scales =
      reinterpret_cast<float*>(take(TAME_PURPOSE_OPTIMIZER, keeps(TAME_STATE_SMALLEST_SCALES) ? stride() : 0));
  scores = nullptr;
  for (uint32_t k = 0; k < gradient_buffers(options.state, options.views_per_step); ++k)
    gradients.push_back(take_planes(TAME_PURPOSE_GRADIENTS, gradient_planes()));
  transform.views = views;
  transform.parameters = transform_parameters(options.transform);
  const size_t values = size_t(transform.parameters) * views;
  const auto take_values = [&] { return reinterpret_cast<float*>(take(TAME_PURPOSE_OPTIMIZER, values)); };
  transform.values = take_values();
  transform.m = take_values();
  transform.v = take_values();
  transform.steps = take(TAME_PURPOSE_OPTIMIZER, values == 0 ? 0 : views);
}

uint32_t* TrainingState::take(uint32_t purpose, size_t elements) {
  if (elements == 0) return nullptr;
  memory_.push_back(device_.make_state(purpose, elements));
  return static_cast<uint32_t*>(memory_.back()->data());
}

Planes TrainingState::take_planes(uint32_t purpose, uint32_t planes) {
  return {reinterpret_cast<float*>(take(purpose, stride() * planes)), stride()};
}

uint32_t TrainingState::gradient_planes() const {
  return uint32_t(gaussians_->layout().planes()) + gradient_statistics(options.state);
}

TrainingArgs TrainingState::take_step(const tame_step& step, const float* rates) {
  TrainingArgs args = {};
  args.step = tame::take_step(step, rates, options, gaussians_->layout(), history);
  args.first_moments = first_moments;
  args.second_moments = second_moments;
  args.sh_sums = sh_sums;
  if ((step.flags & TAME_STEP_STATISTICS) != 0) {
    args.gradient_sums = gradient_sums;
    args.visible_steps = visible_steps;
    args.max_radii = max_radii;
  }
  if ((step.flags & TAME_STEP_FRAGMENTS) != 0) args.fragment_sums = fragment_sums;
  args.row_steps = row_steps;
  args.smallest_scales = smallest_scales;
  args.seed = device_.seed;
  return args;
}

// An even place completes only its own sum, over one view.
Planes TrainingState::view_gradients(uint32_t place) const {
  return gradients[options.views_per_step > 1 && place % 2 == 0 ? 1 : 0];
}

GradientSum TrainingState::gradient_sum(uint32_t place) const {
  GradientSum sum = {};
  const uint32_t levels = core::levels_complete(place);
  if (levels == 0) return sum;
  const bool whole = place + 1 == options.views_per_step;
  sum.count = levels + 1;
  std::copy_n(gradients.begin(), sum.count, sum.terms);
  sum.to = gradients[whole ? 0 : levels + 1];
  sum.planes = int(gradient_planes());
  sum.parameters = gaussians_->layout().planes();
  sum.maximum = sum.parameters + int(kMaxRadius);
  sum.scale = whole ? 1.f / float(options.views_per_step) : 1.f;
  return sum;
}

std::vector<StateColumn> TrainingState::columns() const {
  using Kind = StateColumn::Kind;
  std::vector<StateColumn> list;
  const Layout& layout = gaussians_->layout();
  const auto add = [&](std::string name, Kind kind, uint32_t values, void* base, bool integer = false) {
    list.push_back({std::move(name), kind, values, integer, base, kind == Kind::of_views ? views_ : stride()});
  };
  const auto add_parameters = [&](const char* suffix, Kind kind, const Planes& planes) {
    for (uint32_t k = 0; k < TAME_PARAMETERS; ++k) {
      const Layout::Range range = layout.range(k);
      add(std::string(kParameterRows[k].name) + suffix, kind, uint32_t(range.last - range.first),
          planes.plane(range.first));
    }
  };
  add_parameters("", Kind::parameter, gaussians_->planes());
  add_parameters("_m", Kind::moment, first_moments);
  add_parameters("_v", Kind::moment, second_moments);
  const Layout::Range rest = layout.range(TAME_PARAMETER_SH_REST);
  if (sh_sums.base != nullptr) add("sh_rest_sum", Kind::moment, uint32_t(rest.last - rest.first), sh_sums.base);
  if (row_steps != nullptr) add("row_steps", Kind::moment, 1, row_steps, true);
  if (smallest_scales != nullptr) add("smallest_scale", Kind::statistic, 1, smallest_scales);
  add("gradient_sum", Kind::statistic, 1, gradient_sums);
  add("visible_steps", Kind::statistic, 1, visible_steps, true);
  add("max_radius", Kind::statistic, 1, max_radii);
  if (fragment_sums.base != nullptr) {
    const char* const names[kFragmentPlanes] = {"fragment_count", "weight_sum", "absolute_gradient_sum",
                                                "opacity_gradient_sum", "opacity_gradient_square_sum"};
    for (uint32_t k = 0; k < kFragmentPlanes; ++k) add(names[k], Kind::statistic, 1, fragment_sums.plane(int(k)));
  }
  add("score", Kind::statistic, 1, scores);
  if (transform.parameters != 0) {
    add("transform", Kind::of_views, transform.parameters, transform.values);
    add("transform_m", Kind::of_views, transform.parameters, transform.m);
    add("transform_v", Kind::of_views, transform.parameters, transform.v);
    add("transform_steps", Kind::of_views, 1, transform.steps, true);
  }
  return list;
}

void TrainingState::read_rows(const StateColumn& column, uint32_t offset, uint32_t rows, uint32_t* out) const {
  if (column.base == nullptr) {
    std::fill_n(out, size_t(rows) * column.values, 0u);
    return;
  }
  if (column.values == 1) return device_.read_state(static_cast<uint32_t*>(column.base) + offset, rows, out);
  std::vector<uint32_t> plane(rows);
  for (uint32_t k = 0; k < column.values; ++k) {
    device_.read_state(static_cast<uint32_t*>(column.plane(k)) + offset, rows, plane.data());
    for (uint32_t i = 0; i < rows; ++i) out[size_t(i) * column.values + k] = plane[i];
  }
}

void TrainingState::write_rows(const StateColumn& column, uint32_t offset, uint32_t rows, const uint32_t* in) {
  if (column.values == 1) return device_.write_state(static_cast<uint32_t*>(column.base) + offset, rows, in);
  std::vector<uint32_t> plane(rows);
  for (uint32_t k = 0; k < column.values; ++k) {
    for (uint32_t i = 0; i < rows; ++i) plane[i] = in[size_t(i) * column.values + k];
    device_.write_state(static_cast<uint32_t*>(column.plane(k)) + offset, rows, plane.data());
  }
}

uint32_t TrainingState::count_non_finite() const {
  const Layout& layout = gaussians_->layout();
  const Layout::Range rest = layout.range(TAME_PARAMETER_SH_REST);
  const int planes = layout.planes();
  return device_.count_non_finite({{gaussians_->planes(), planes},
                                   {first_moments, planes},
                                   {second_moments, planes},
                                   {sh_sums, sh_sums.base == nullptr ? 0 : rest.last - rest.first}},
                                  gaussians_->count());
}

void TrainingState::need_scores() {
  if (scores == nullptr) scores = reinterpret_cast<float*>(take(TAME_PURPOSE_OTHER, gaussians_->capacity()));
}

void TrainingState::clear_statistics() {
  const size_t capacity = gaussians_->capacity();
  device_.clear_state(gradient_sums, capacity);
  device_.clear_state(visible_steps, capacity);
  device_.clear_state(max_radii, capacity);
  if (fragment_sums.base != nullptr) device_.clear_state(fragment_sums.base, stride() * kFragmentPlanes);
}

void TrainingState::clear_plane(const Planes& planes, int plane, const Values& rows) {
  if (rows.empty()) return device_.clear_state(planes.plane(plane), stride());
  std::vector<float> values(rows.size());
  device_.read_state(planes.plane(plane), values.size(), values.data());
  for (size_t i = 0; i < rows.size(); ++i)
    if (rows[i] != 0) values[i] = 0;
  device_.write_state(planes.plane(plane), values.size(), values.data());
}

void TrainingState::clear_moments(uint32_t mask, const Values& rows) {
  for (uint32_t parameter = 0; parameter < TAME_PARAMETERS; ++parameter) {
    if ((mask >> parameter & 1) == 0) continue;
    const Layout::Range range = gaussians_->layout().range(parameter);
    for (int plane = range.first; plane < range.last; ++plane)
      for (const Planes& moments : {first_moments, second_moments}) clear_plane(moments, plane, rows);
  }
}

void TrainingState::set_opacity_mode(bool linear) {
  if (linear == gaussians_->linear_opacity()) return;
  gaussians_->set_linear_opacity(linear);
  clear_moments(1u << TAME_PARAMETER_OPACITIES, {});
}

void TrainingState::edit(const RowEdit& edit) {
  std::vector<MovedPlane> others;
  for (const StateColumn& column : columns()) {
    const bool moment = column.kind == StateColumn::Kind::moment;
    if (column.base == nullptr || (!moment && column.kind != StateColumn::Kind::statistic)) continue;
    for (uint32_t k = 0; k < column.values; ++k) others.push_back({column.plane(k), moment});
  }
  gaussians_->edit(edit, others);
}

}  // namespace tame
