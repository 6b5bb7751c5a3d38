// Per Gaussian: its instances' gradients summed in order, pulled back through projection and colour to the raw
// parameters, and either handed out or used at once for Adam, so that no gradient of the scene is ever stored.
#pragma once

#include "../core/sh.h"
#include "../core/statistics.h"
#include "gaussian.cuh"

namespace tame::gpu {

constexpr float kLog2 = 0.6931471806f;  // natural logarithm of 2

// Where the gradient of `n` neighbouring planes goes. What they need is loaded before anything is stored, so that the
// loads are under way together.
template <bool kTrain>
struct Sink {
  const OptimizeArgs& a;
  uint32_t i;
  bool reached;  // whether Gaussian i has a gradient at all

  template <int n>
  __device__ __forceinline__ void operator()(uint32_t parameter, int plane, const float (&gradient)[n]) const {
    if constexpr (kTrain)
      train(parameter, plane, gradient);
    else
      for (int k = 0; k < n; ++k) a.gradient_out.plane(plane + k)[i] = gradient[k];
  }

  template <int n>
  __device__ __forceinline__ void train(uint32_t parameter, int plane, const float (&gradient)[n]) const {
    const bool updates = (a.step.update_mask >> parameter & 1u) != 0;
    float total[n];
    for (int k = 0; k < n; ++k) total[k] = gradient[k];
    if (parameter == TAME_PARAMETER_SH_REST && a.step.sh_accumulate) {
      if (!reached && !updates && !a.step.sh_clear) return;  // the sums stay as they are
      const int first = plane - (Layout::sh() + 3);
      for (int k = 0; k < n; ++k) total[k] += a.sh_sums.plane(first + k)[i];
      for (int k = 0; k < n; ++k) a.sh_sums.plane(first + k)[i] = a.step.sh_clear ? 0.f : total[k];
    }
    if (!updates) return;
    if (a.step.only_visible && !(a.projection.radii[i] > 0.f)) return;
    constexpr int kTogether = n % 3 == 0 ? 3 : n;  // three values for each of more would not fit the registers
#pragma unroll
    for (int first = 0; first < n; first += kTogether) {
      float value[kTogether], m[kTogether], v[kTogether];
      for (int k = 0; k < kTogether; ++k) {
        value[k] = a.projection.parameters.plane(plane + first + k)[i];
        m[k] = a.first_moments.plane(plane + first + k)[i];
        v[k] = a.second_moments.plane(plane + first + k)[i];
      }
      for (int k = 0; k < kTogether; ++k) {
        core::adam(a.step.adam[parameter], total[first + k], value[k], m[k], v[k]);
        if (parameter == TAME_PARAMETER_OPACITIES && a.projection.layout.linear_opacity)
          value[k] = core::hold_linear_opacity(value[k]);
        a.projection.parameters.plane(plane + first + k)[i] = value[k];
        a.first_moments.plane(plane + first + k)[i] = m[k];
        a.second_moments.plane(plane + first + k)[i] = v[k];
      }
    }
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

// Sum of a lane's instances in an order that only their number decides. Called by whole warps: a lane's few are added
// one by one, many by all lanes, since one splat may reach every tile.
__device__ __forceinline__ InstanceGradient instance_sum(const InstanceGradient* gradients, uint32_t offset,
                                                         uint32_t count) {
  const int lane = int(threadIdx.x) % kWarp;
  InstanceGradient sum = {};
  if (count <= kFewInstances)
    for (uint32_t k = 0; k < count; ++k) add(sum, gradients[offset + k]);
  for (unsigned todo = __ballot_sync(kFullWarp, count > kFewInstances); todo != 0; todo &= todo - 1) {
    const int owner = __ffs(int(todo)) - 1;
    const uint32_t from = __shfl_sync(kFullWarp, offset, owner), many = __shfl_sync(kFullWarp, count, owner);
    InstanceGradient share = {};
    for (uint32_t k = uint32_t(lane); k < many; k += kWarp) add(share, gradients[from + k]);
    for (int step = kWarp / 2; step > 0; step /= 2) add(share, from_lane(share, step));
    if (lane == owner) sum = share;
  }
  return sum;
}

// A Gaussian's colour on its way back: the basis functions, d loss / d colour, and d loss / d basis function.
struct Color {
  float y[core::kMaxShCoefficients], rgb[3], w[core::kMaxShCoefficients];
};

// The gradients of one band of the harmonics: degree `kBand`, of 2 kBand + 1 coefficients.
template <int kBand, bool kTrain>
__device__ __forceinline__ void color_band(const ProjectArgs& p, const Sink<kTrain>& sink, Color& color) {
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

template <bool kTrain, bool kStatistics>
__global__ void __launch_bounds__(kGaussianThreads, kOptimizeBlocks)
    optimize_kernel(const __grid_constant__ OptimizeArgs a) {
  if (a.projection.counts->overflow != 0) return;
  const ProjectArgs& p = a.projection;
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  const uint32_t tiles = i < p.count ? p.tile_counts[i] : 0;
  InstanceGradient sum = instance_sum(a.gradients, tiles != 0 ? a.offsets[i] : 0, tiles);
  if (i >= p.count) return;
  const Sink<kTrain> sink = {a, i, tiles != 0};
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
    core::project_backward(p.camera, x.mean, x.scale, x.quat, g_mean2, g_conic, g_mean, g_log_scale, g_quat);
    g_opacity[0] =
        core::opacity_gradient(layout.linear_opacity, p.parameters.plane(layout.opacity())[i], x.opacity, sum.h);
    for (int c = 0; c < 3; ++c)
      if (s.clamped & (1u << c)) sum.rgb[c] = 0.f;
    direction = core::view_direction<float>(p.camera.center, x.mean);
  }

  // Colour, band by band of the harmonics. Each coefficient is read before Adam moves it.
  Color color = {};
  for (int c = 0; c < 3; ++c) color.rgb[c] = sum.rgb[c];
  core::sh_basis(p.active_degree, direction.d, color.y);
  const int live = kTrain ? a.step.live_sh_planes / 3 : layout.coefficients();
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
  if (!kTrain)
    for (int k = 0; k < 2; ++k) a.mean2_out[size_t(k) * a.gradient_out.stride + i] = g_mean2[k];

  if (kStatistics && p.radii[i] > 0.f) {
    a.gradient_sums[i] +=
        core::density_gradient(g_mean2, p.camera.width, p.camera.height, p.splats[i].depth, a.full_gradient_depth);
    a.visible_steps[i] += 1;
    a.max_radii[i] = fmaxf(a.max_radii[i], p.radii[i]);
  }
}

}  // namespace tame::gpu
