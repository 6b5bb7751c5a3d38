// Per Gaussian: sums its instances' gradients in order, backpropagates them through projection and colour to the raw
// parameters, and applies Adam at once, so that no gradient of the scene is stored. A step in two parts stores them in
// between.
#pragma once

#include "../core/sampling.h"
#include "../core/sh.h"
#include "../core/statistics.h"
#include "../core/terms.h"
#include "gaussian.cuh"

namespace tame::gpu {

// What the stage does with the gradients.
enum class Form {
  kFused,            // Adam at once
  kFusedStatistics,  // and density statistics
  kFusedAll,         // and all other options of a step
  kProducing,        // writes the gradients
  kConsuming,        // Adam with all options, from the written gradients
};
// Forms that support every step; the others omit rare options.
template <Form form>
constexpr bool kServesAll = form == Form::kFusedAll || form == Form::kConsuming;

// Consumes the gradient of `n` neighbouring planes. It loads everything before it stores anything, so that the loads
// overlap.
template <Form form>
struct Sink {
  const OptimizeArgs& a;
  uint32_t i;
  bool reached;                    // whether Gaussian i has a gradient
  float bias1 = 1.f, bias2 = 1.f;  // of the row, see core::corrected

  __device__ __forceinline__ bool visible() const {
    if constexpr (form == Form::kConsuming) return statistic(a.gradients_from, kVisibleSteps) > 0.f;
    return a.projection.radii[i] > 0.f;
  }
  __device__ __forceinline__ float& statistic(const Planes& gradients, uint32_t plane) const {
    return gradients.plane(a.projection.layout.planes() + int(plane))[i];
  }

  template <int n>
  __device__ __forceinline__ void operator()(uint32_t parameter, int plane, const float (&gradient)[n]) const {
    if constexpr (form != Form::kProducing)
      train(parameter, plane, gradient);
    else
      for (int k = 0; k < n; ++k) a.gradients_to.plane(plane + k)[i] = gradient[k];
  }

  __device__ __forceinline__ AdamStep<float> adam(uint32_t parameter) const {
    const StepEffect& step = a.training.step;
    if (kServesAll<form> && step.row_bias) return core::corrected(step.adam[parameter], bias1, bias2);
    return step.adam[parameter];
  }

  template <int n>
  __device__ __forceinline__ void train(uint32_t parameter, int plane, const float (&gradient)[n]) const {
    const TrainingArgs& t = a.training;
    const bool updates = (t.step.update_mask >> parameter & 1u) != 0;
    float total[n];
    for (int k = 0; k < n; ++k) total[k] = gradient[k];
    if (parameter == TAME_PARAMETER_SH_REST && t.step.sh_accumulate) {
      if (!reached && !updates && !t.step.sh_clear) return;  // the sums stay as they are
      const int first = plane - (Layout::sh() + 3);
      for (int k = 0; k < n; ++k) total[k] += t.sh_sums.plane(first + k)[i];
      for (int k = 0; k < n; ++k) t.sh_sums.plane(first + k)[i] = t.step.sh_clear ? 0.f : total[k];
    }
    if (!updates) return;
    if (t.step.only_visible && !visible()) return;
    const AdamStep<float> adam = this->adam(parameter);
    constexpr int kTogether = n % 3 == 0 ? 3 : n;  // three values for each of more would not fit the registers
#pragma unroll
    for (int first = 0; first < n; first += kTogether) {
      float value[kTogether], m[kTogether], v[kTogether];
      for (int k = 0; k < kTogether; ++k) {
        value[k] = a.projection.parameters.plane(plane + first + k)[i];
        m[k] = t.first_moments.plane(plane + first + k)[i];
        v[k] = t.second_moments.plane(plane + first + k)[i];
      }
      for (int k = 0; k < kTogether; ++k) {
        core::adam(adam, total[first + k], value[k], m[k], v[k]);
        if (parameter == TAME_PARAMETER_OPACITIES && a.projection.layout.linear_opacity)
          value[k] = core::clamp_linear_opacity(value[k]);
        if (kServesAll<form> && parameter == TAME_PARAMETER_LOG_SCALES && t.smallest_scales != nullptr)
          value[k] = core::limit_log_scale(value[k], t.smallest_scales[i]);
        a.projection.parameters.plane(plane + first + k)[i] = value[k];
        t.first_moments.plane(plane + first + k)[i] = m[k];
        t.second_moments.plane(plane + first + k)[i] = v[k];
      }
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
  __device__ __forceinline__ bool has_terms() const {
    return !a.training.step.visible_terms || visible();
  }
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

__device__ __forceinline__ void add(InstanceGradient& sum, const InstanceGradient& more) {
  for (int c = 0; c < 3; ++c) sum.rgb[c] += more.rgb[c];
  sum.h += more.h;
  sum.h_dx += more.h_dx;
  sum.h_dy += more.h_dy;
  sum.h_dxdx += more.h_dxdx;
  sum.h_dxdy += more.h_dxdy;
  sum.h_dydy += more.h_dydy;
}

__device__ __forceinline__ InstanceGradient from_lane(const InstanceGradient& sum, int other) {
  InstanceGradient theirs;
  for (int c = 0; c < 3; ++c) theirs.rgb[c] = __shfl_xor_sync(kFullWarp, sum.rgb[c], other);
  theirs.h = __shfl_xor_sync(kFullWarp, sum.h, other);
  theirs.h_dx = __shfl_xor_sync(kFullWarp, sum.h_dx, other);
  theirs.h_dy = __shfl_xor_sync(kFullWarp, sum.h_dy, other);
  theirs.h_dxdx = __shfl_xor_sync(kFullWarp, sum.h_dxdx, other);
  theirs.h_dxdy = __shfl_xor_sync(kFullWarp, sum.h_dxdy, other);
  theirs.h_dydy = __shfl_xor_sync(kFullWarp, sum.h_dydy, other);
  return theirs;
}

__device__ __forceinline__ FragmentSums from_lane(const FragmentSums& sum, int other) {
  return {__shfl_xor_sync(kFullWarp, sum.count, other), __shfl_xor_sync(kFullWarp, sum.weight, other),
          __shfl_xor_sync(kFullWarp, sum.absolute_x, other), __shfl_xor_sync(kFullWarp, sum.absolute_y, other),
          __shfl_xor_sync(kFullWarp, sum.h_square, other)};
}

using core::add;

// Sum of a lane's instances in an order that depends only on their number. Called by whole warps: a lane adds few
// instances one by one; all lanes add many together, because one splat may reach every tile.
template <class Record>
__device__ __forceinline__ Record instance_sum(const Record* records, uint32_t offset, uint32_t count) {
  const int lane = int(threadIdx.x) % kWarp;
  Record sum = {};
  if (count <= kFewInstances)
    for (uint32_t k = 0; k < count; ++k) add(sum, records[offset + k]);
  for (unsigned todo = __ballot_sync(kFullWarp, count > kFewInstances); todo != 0; todo &= todo - 1) {
    const int owner = __ffs(int(todo)) - 1;
    const uint32_t from = __shfl_sync(kFullWarp, offset, owner), many = __shfl_sync(kFullWarp, count, owner);
    Record share = {};
    for (uint32_t k = uint32_t(lane); k < many; k += kWarp) add(share, records[from + k]);
    for (int step = kWarp / 2; step > 0; step /= 2) add(share, from_lane(share, step));
    if (lane == owner) sum = share;
  }
  return sum;
}

// A Gaussian's colour in the backward pass: the basis functions, d loss / d colour, and d loss / d basis function.
struct Color {
  float y[core::kMaxShCoefficients], rgb[3], w[core::kMaxShCoefficients];
};

// The gradients of one SH band: degree `kBand`, 2 kBand + 1 coefficients.
template <int kBand, Form form>
__device__ __forceinline__ void color_band(const ProjectArgs& p, const Sink<form>& sink, Color& color) {
  constexpr int kFirst = kBand * kBand, kCoefficients = 2 * kBand + 1;
  constexpr int kPlane = Layout::sh() + 3 * kFirst;
  float gradient[3 * kCoefficients] = {};
  if (kBand <= p.active_degree && sink.reached) {
#pragma unroll
    for (int k = 0; k < kCoefficients; ++k)
      for (int c = 0; c < 3; ++c) {
        float& w = color.w[kFirst + k];
        w = fmaf(p.parameters.plane(kPlane + 3 * k + c)[sink.i], color.rgb[c], w);
        gradient[3 * k + c] = color.y[kFirst + k] * color.rgb[c];
      }
  }
  sink(kBand == 0 ? TAME_PARAMETER_SH_DC : TAME_PARAMETER_SH_REST, kPlane, gradient);
}

// The view's statistics of fragments: written to the gradient's planes, or added to the running sums. h: the sum of
// d loss / d log(alpha).
template <Form form>
__device__ __forceinline__ void add_fragments(const Sink<form>& sink, const FragmentSums& sum, float h) {
  const OptimizeArgs& a = sink.a;
  const ProjectArgs& p = a.projection;
  const float absolute[2] = {sum.absolute_x, sum.absolute_y};
  float values[kFragmentPlanes] = {};
  if (sum.count > 0.f)
    core::fragment_statistics(
        sum, h, core::used_opacity(p.layout.linear_opacity, p.parameters.plane(p.layout.opacity())[sink.i]),
        *a.largest_gradient,
        core::density_gradient(absolute, p.camera.width, p.camera.height, p.splats[sink.i].depth,
                               a.full_gradient_depth),
        values);
  for (uint32_t k = 0; k < kFragmentPlanes; ++k) {
    if (form == Form::kProducing)
      sink.statistic(a.gradients_to, kDensityPlanes + k) = values[k];
    else
      a.training.fragment_sums.plane(int(k))[sink.i] += values[k];
  }
}

template <Form form>
__global__ void __launch_bounds__(kGaussianThreads, kOptimizeBlocks)
    optimize_kernel(const __grid_constant__ OptimizeArgs a) {
  if (a.projection.counts->overflow != 0) return;
  const ProjectArgs& p = a.projection;
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  const uint32_t tiles = i < p.count ? p.tile_counts[i] : 0, offset = tiles != 0 ? a.offsets[i] : 0;
  InstanceGradient sum = instance_sum(a.gradients, offset, tiles);
  FragmentSums fragments = {};
  if constexpr (form == Form::kProducing || form == Form::kFusedAll)
    if (a.fragments != nullptr) fragments = instance_sum(a.fragments, offset, tiles);
  if (i >= p.count) return;
  Sink<form> sink = {a, i, tiles != 0};
  if constexpr (form == Form::kProducing || form == Form::kFusedAll)
    if (a.fragments != nullptr) add_fragments(sink, fragments, sum.h);
  if constexpr (form == Form::kFusedAll) sink.begin_row();
  const Layout& layout = p.layout;

  float g_mean[3] = {}, g_log_scale[3] = {}, g_quat[4] = {}, g_mean2[2] = {}, g_opacity[1] = {};
  core::ViewDirection<float> direction = {};
  if (tiles != 0) {
    const Loaded x = load_gaussian(p.parameters, layout, i);
    const Splat& s = p.splats[i];
    // log(alpha) = log(opacity) - (A dx^2 + C dy^2) / 2 - B dx dy, with log(2) a = A / 2 and so on.
    g_mean2[0] = -kLog2 * fmaf(2.f * s.a, sum.h_dx, s.b * sum.h_dy);
    g_mean2[1] = -kLog2 * fmaf(2.f * s.c, sum.h_dy, s.b * sum.h_dx);
    const float g_conic[3] = {-0.5f * sum.h_dxdx, -sum.h_dxdy, -0.5f * sum.h_dydy};
    core::project_backward(p.camera, x.mean, x.scale, x.quat, g_mean2, g_conic, sum.h, g_mean, g_log_scale, g_quat);
    g_opacity[0] =
        core::opacity_gradient(layout.linear_opacity, p.parameters.plane(layout.opacity())[i], x.opacity, sum.h);
    for (int c = 0; c < 3; ++c)
      if (s.clamped & (1u << c)) sum.rgb[c] = 0.f;
    direction = core::view_direction<float>(p.camera.center, x.mean);
  }
  if constexpr (form == Form::kFusedAll) sink.add_pressures(g_opacity, g_log_scale);

  // Colour, by SH band. Each coefficient is read before Adam changes it.
  Color color = {};
  for (int c = 0; c < 3; ++c) color.rgb[c] = sum.rgb[c];
  core::sh_basis(p.active_degree, direction.d, color.y);
  const int live = form != Form::kProducing ? a.training.step.live_sh_planes / 3 : layout.coefficients();
  color_band<0>(p, sink, color);
  if (live > 1) color_band<1>(p, sink, color);
  if (live > 4) color_band<2>(p, sink, color);
  if (live > 9) color_band<3>(p, sink, color);
  if (tiles != 0) {
    float g_direction[3];
    core::sh_basis_backward(p.active_degree, direction.d, color.w, g_direction);
    core::view_direction_backward(direction, g_direction, g_mean);
  }

  sink(TAME_PARAMETER_MEANS, Layout::means(), g_mean);
  sink(TAME_PARAMETER_OPACITIES, layout.opacity(), g_opacity);
  sink(TAME_PARAMETER_LOG_SCALES, layout.log_scales(), g_log_scale);
  sink(TAME_PARAMETER_QUATS, layout.quats(), g_quat);
  if constexpr (form == Form::kFusedAll) sink.add_noise();

  const auto density = [&] {
    return core::density_gradient(g_mean2, p.camera.width, p.camera.height, p.splats[i].depth, a.full_gradient_depth);
  };
  if constexpr (form == Form::kProducing) {
    const bool visible = p.radii[i] > 0.f;
    sink.statistic(a.gradients_to, kGradientSum) = visible ? density() : 0.f;
    sink.statistic(a.gradients_to, kVisibleSteps) = visible ? 1.f : 0.f;
    sink.statistic(a.gradients_to, kMaxRadius) = p.radii[i];
    if (a.mean2_to != nullptr)
      for (int k = 0; k < 2; ++k) a.mean2_to[size_t(k) * a.gradients_to.stride + i] = g_mean2[k];
  }
  if constexpr (form == Form::kFusedStatistics || form == Form::kFusedAll) {
    const TrainingArgs& t = a.training;
    if ((form == Form::kFusedAll && t.gradient_sums == nullptr) || !(p.radii[i] > 0.f)) return;
    t.gradient_sums[i] += density();
    t.visible_steps[i] += 1;
    t.max_radii[i] = fmaxf(t.max_radii[i], p.radii[i]);
  }
}

// The second part of a step in two.
template <int n>
__device__ __forceinline__ void load_gradients(const Sink<Form::kConsuming>& sink, int plane, float (&gradient)[n]) {
  for (int k = 0; k < n; ++k) gradient[k] = sink.a.gradients_from.plane(plane + k)[sink.i];
}

template <int n>
__device__ __forceinline__ void consume(const Sink<Form::kConsuming>& sink, uint32_t parameter, int plane) {
  float gradient[n];
  load_gradients(sink, plane, gradient);
  sink(parameter, plane, gradient);
}

__global__ void __launch_bounds__(kGaussianThreads, kOptimizeBlocks)
    consume_kernel(const __grid_constant__ OptimizeArgs a) {
  if (a.projection.counts->overflow != 0) return;
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= a.projection.count) return;
  Sink<Form::kConsuming> sink = {a, i, true};
  sink.begin_row();
  const Layout& layout = a.projection.layout;
  const int live = a.training.step.live_sh_planes / 3;
  consume<3>(sink, TAME_PARAMETER_SH_DC, Layout::sh());
  if (live > 1) consume<3 * 3>(sink, TAME_PARAMETER_SH_REST, Layout::sh() + 3);
  if (live > 4) consume<3 * 5>(sink, TAME_PARAMETER_SH_REST, Layout::sh() + 3 * 4);
  if (live > 9) consume<3 * 7>(sink, TAME_PARAMETER_SH_REST, Layout::sh() + 3 * 9);
  float g_opacity[1], g_log_scale[3];
  load_gradients(sink, layout.opacity(), g_opacity);
  load_gradients(sink, layout.log_scales(), g_log_scale);
  sink.add_pressures(g_opacity, g_log_scale);
  consume<3>(sink, TAME_PARAMETER_MEANS, Layout::means());
  sink(TAME_PARAMETER_OPACITIES, layout.opacity(), g_opacity);
  sink(TAME_PARAMETER_LOG_SCALES, layout.log_scales(), g_log_scale);
  consume<4>(sink, TAME_PARAMETER_QUATS, layout.quats());
  sink.add_noise();

  const TrainingArgs& t = a.training;
  if (!sink.visible()) return;
  if (t.gradient_sums != nullptr) {
    t.gradient_sums[i] += sink.statistic(a.gradients_from, kGradientSum);
    t.visible_steps[i] += uint32_t(sink.statistic(a.gradients_from, kVisibleSteps));
    t.max_radii[i] = fmaxf(t.max_radii[i], sink.statistic(a.gradients_from, kMaxRadius));
  }
  if (t.fragment_sums.base == nullptr) return;
  for (uint32_t k = 0; k < kFragmentPlanes; ++k)
    t.fragment_sums.plane(int(k))[i] += sink.statistic(a.gradients_from, kDensityPlanes + k);
}

}  // namespace tame::gpu
