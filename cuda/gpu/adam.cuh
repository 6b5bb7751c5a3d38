// Per Gaussian: one step of Adam, from the gradients of the view (gradients.cuh), or from planes of gradients. Apart
// from the gradients, so that a thread needs few registers: memory bounds it.
#pragma once

#include "../core/terms.h"
#include "gradients.cuh"

namespace tame::gpu {

enum class Form {
  kPlain,       // from the records of the view; without rare options
  kAll,         // the same, all options of a step
  kFromPlanes,  // from a.gradients_from, all options
};

// Steps a Gaussian's parameters: the operator those of `n` neighbouring planes, from their gradient. It loads
// everything before it stores anything, so that the loads overlap.
template <Form form>
struct RowStep {
  const OptimizeArgs& a;
  uint32_t i;
  bool reached;                    // whether Gaussian i has a gradient
  float bias1 = 1.f, bias2 = 1.f;  // of the row, see core::corrected

  __device__ __forceinline__ bool visible() const {
    if constexpr (form == Form::kFromPlanes) return statistic(a, a.gradients_from, kVisibleSteps, i) > 0.f;
    return a.projection.radii[i] > 0.f;
  }
  __device__ __forceinline__ AdamStep<float> adam(uint32_t parameter) const {
    const StepEffect& step = a.training.step;
    if (form != Form::kPlain && step.row_bias) return core::corrected(step.adam[parameter], bias1, bias2);
    return step.adam[parameter];
  }

  __device__ __forceinline__ bool updates(uint32_t parameter) const {
    return (a.training.step.update_mask >> parameter & 1u) != 0;
  }

  // Adds the running sums of harmonics to their gradients, and keeps or clears them.
  template <int n>
  __device__ __forceinline__ void accumulate(int plane, float (&total)[n]) const {
    const Planes& sums = a.training.sh_sums;
    const int first = plane - (Layout::sh() + 3);
    for (int k = 0; k < n; ++k) total[k] += sums.plane(first + k)[i];
    for (int k = 0; k < n; ++k) sums.plane(first + k)[i] = a.training.step.sh_clear ? 0.f : total[k];
  }

  template <int n>
  __device__ __forceinline__ void operator()(uint32_t parameter, int plane, const float (&gradient)[n]) const {
    const TrainingArgs& t = a.training;
    if (!updates(parameter)) return;
    float total[n];
    for (int k = 0; k < n; ++k) total[k] = gradient[k];
    if (parameter == TAME_PARAMETER_SH_REST && t.step.sh_accumulate) accumulate(plane, total);
    if (t.step.only_visible && !visible()) return;
    const AdamStep<float> adam = this->adam(parameter);
    float value[n], m[n], v[n];
    for (int k = 0; k < n; ++k) {
      value[k] = a.projection.parameters.plane(plane + k)[i];
      m[k] = t.first_moments.plane(plane + k)[i];
      v[k] = t.second_moments.plane(plane + k)[i];
    }
    for (int k = 0; k < n; ++k) {
      core::adam(adam, total[k], value[k], m[k], v[k]);
      if (parameter == TAME_PARAMETER_OPACITIES && a.projection.layout.linear_opacity)
        value[k] = core::clamp_linear_opacity(value[k]);
      if (form != Form::kPlain && parameter == TAME_PARAMETER_LOG_SCALES && t.smallest_scales != nullptr)
        value[k] = core::limit_log_scale(value[k], t.smallest_scales[i]);
      a.projection.parameters.plane(plane + k)[i] = value[k];
      t.first_moments.plane(plane + k)[i] = m[k];
      t.second_moments.plane(plane + k)[i] = v[k];
    }
  }

  // Counts the row's steps for its bias correction.
  __device__ __forceinline__ void begin_row() {
    const TrainingArgs& t = a.training;
    if (t.row_steps == nullptr || t.step.update_mask == 0) return;
    if (t.step.only_visible && !visible()) return;
    const uint32_t k = ++t.row_steps[i];
    if (!t.step.row_bias) return;
    bias1 = core::bias(t.step.log_beta1, k);
    bias2 = core::bias(t.step.log_beta2, k);
  }
  __device__ __forceinline__ bool has_terms() const { return !a.training.step.visible_terms || visible(); }
  __device__ __forceinline__ void add_pressures(float (&g_opacity)[1], float (&g_log_scale)[3]) const {
    const StepEffect& step = a.training.step;
    const ProjectArgs& p = a.projection;
    if (!has_terms()) return;
    if (step.opacity_pressure != 0.f)
      g_opacity[0] += core::opacity_pressure(p.layout.linear_opacity, step.logit_pressure, step.opacity_pressure,
                                             p.parameters.plane(p.layout.opacity())[i]);
    if (step.scale_pressure != 0.f)
      for (int k = 0; k < 3; ++k)
        g_log_scale[k] += core::scale_pressure(step.scale_pressure, p.parameters.plane(p.layout.log_scales() + k)[i]);
  }
  __device__ __forceinline__ void add_noise() const {
    const TrainingArgs& t = a.training;
    if (t.step.noise > 0.f && has_terms())
      core::add_noise(a.projection.parameters, a.projection.layout, i, t.step.noise, t.seed, t.step.iteration);
  }
};

// The gradients of one coefficient of the harmonics. y, rgb: the basis functions, and the colour's gradient.
__device__ __forceinline__ void harmonic_gradient(int active_degree, int k, const float (&y)[core::kMaxShCoefficients],
                                                  const float (&rgb)[3], float* out) {
  for (int c = 0; c < 3; ++c) out[c] = k < (active_degree + 1) * (active_degree + 1) ? y[k] * rgb[c] : 0.f;
}

// Adds the gradients of coefficients kFirst to kEnd - 1, which are of one band, to the running sums.
template <int kFirst, int kEnd, Form form>
__device__ __forceinline__ void accumulate_harmonics(const RowStep<form>& step,
                                                     const float (&y)[core::kMaxShCoefficients],
                                                     const float (&rgb)[3]) {
  if (kFirst >= step.a.training.step.live_sh_planes / 3) return;
  float total[3 * (kEnd - kFirst)];
#pragma unroll
  for (int k = kFirst; k < kEnd; ++k)
    harmonic_gradient(step.a.projection.active_degree, k, y, rgb, total + 3 * (k - kFirst));
  step.accumulate(Layout::sh() + 3 * kFirst, total);
}

// The colour of a Gaussian. The running sums of one that the view does not reach stay as they are, unless the
// coefficients step.
template <Form form>
__device__ __forceinline__ void step_color(const RowStep<form>& step, const float (&y)[core::kMaxShCoefficients],
                                           const float (&rgb)[3]) {
  const StepEffect& effect = step.a.training.step;
  const bool updates = step.updates(TAME_PARAMETER_SH_REST);
#pragma unroll
  for (int k = 0; k < (updates ? core::kMaxShCoefficients : 1); ++k) {
    if (k >= effect.live_sh_planes / 3) return;
    float gradient[3];
    harmonic_gradient(step.a.projection.active_degree, k, y, rgb, gradient);
    step(k == 0 ? TAME_PARAMETER_SH_DC : TAME_PARAMETER_SH_REST, Layout::sh() + 3 * k, gradient);
  }
  if (updates || !effect.sh_accumulate || !(step.reached || effect.sh_clear)) return;
  accumulate_harmonics<1, 4>(step, y, rgb);
  accumulate_harmonics<4, 7>(step, y, rgb);
  accumulate_harmonics<7, 9>(step, y, rgb);
  accumulate_harmonics<9, 13>(step, y, rgb);
  accumulate_harmonics<13, 16>(step, y, rgb);
}

template <Form form>
__device__ __forceinline__ void step_geometry(const RowStep<form>& step, RowGradient& g) {
  const Layout& layout = step.a.projection.layout;
  float opacity[1] = {g.opacity};
  if constexpr (form != Form::kPlain) step.add_pressures(opacity, g.log_scale);
  step(TAME_PARAMETER_MEANS, Layout::means(), g.mean);
  step(TAME_PARAMETER_OPACITIES, layout.opacity(), opacity);
  step(TAME_PARAMETER_LOG_SCALES, layout.log_scales(), g.log_scale);
  step(TAME_PARAMETER_QUATS, layout.quats(), g.quat);
  if constexpr (form != Form::kPlain) step.add_noise();
}

template <Form form>
__global__ void __launch_bounds__(kGaussianThreads, form == Form::kPlain ? kAdamBlocks : kAdamAllBlocks)
    adam_kernel(const __grid_constant__ OptimizeArgs a) {
  const ProjectArgs& p = a.projection;
  if (p.counts->overflow != 0) return;
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= p.count) return;
  const bool reached = p.tile_counts[i] != 0;
  RowStep<form> step = {a, i, reached};
  if constexpr (form != Form::kPlain) step.begin_row();
  // Colour first: its gradient needs the direction before the means move.
  float rgb[3] = {}, y[core::kMaxShCoefficients] = {};
  if (reached) {
    float mean[3];
    for (int k = 0; k < 3; ++k) mean[k] = p.parameters.plane(Layout::means() + k)[i];
    for (int c = 0; c < 3; ++c) rgb[c] = a.gradients[a.offsets[i]].rgb[c];
    core::sh_basis(p.active_degree, core::view_direction<float>(p.camera.center, mean).d, y);
  }
  step_color(step, y, rgb);
  RowGradient g = {};
  if (reached) g = reinterpret_cast<const RowGradient&>(p.splats[i]);
  step_geometry(step, g);
}

template <int n>
__device__ __forceinline__ void load_gradients(const RowStep<Form::kFromPlanes>& step, int plane,
                                               float (&gradient)[n]) {
  for (int k = 0; k < n; ++k) gradient[k] = step.a.gradients_from.plane(plane + k)[step.i];
}

__global__ void __launch_bounds__(kGaussianThreads, kAdamAllBlocks)
    adam_from_planes_kernel(const __grid_constant__ OptimizeArgs a) {
  if (a.projection.counts->overflow != 0) return;
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= a.projection.count) return;
  RowStep<Form::kFromPlanes> step = {a, i, true};
  step.begin_row();
  const Layout& layout = a.projection.layout;
  for (int plane = 0; plane < a.training.step.live_sh_planes; plane += 3) {
    float gradient[3];
    load_gradients(step, Layout::sh() + plane, gradient);
    if (plane != 0 && a.training.step.sh_accumulate && !step.updates(TAME_PARAMETER_SH_REST))
      step.accumulate(Layout::sh() + plane, gradient);
    step(plane == 0 ? TAME_PARAMETER_SH_DC : TAME_PARAMETER_SH_REST, Layout::sh() + plane, gradient);
  }
  RowGradient g = {};
  load_gradients(step, Layout::means(), g.mean);
  g.opacity = a.gradients_from.plane(layout.opacity())[i];
  load_gradients(step, layout.log_scales(), g.log_scale);
  load_gradients(step, layout.quats(), g.quat);
  step_geometry(step, g);

  const TrainingArgs& t = a.training;
  if (!step.visible()) return;
  if (t.gradient_sums != nullptr) {
    t.gradient_sums[i] += statistic(a, a.gradients_from, kGradientSum, i);
    t.visible_steps[i] += uint32_t(statistic(a, a.gradients_from, kVisibleSteps, i));
    t.max_radii[i] = fmaxf(t.max_radii[i], statistic(a, a.gradients_from, kMaxRadius, i));
  }
  if (t.fragment_sums.base == nullptr) return;
  for (uint32_t k = 0; k < kFragmentPlanes; ++k)
    t.fragment_sums.plane(int(k))[i] += statistic(a, a.gradients_from, kDensityPlanes + k, i);
}

}  // namespace tame::gpu
