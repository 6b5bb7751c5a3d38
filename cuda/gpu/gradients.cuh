// Per Gaussian: sums its instances' gradients in order and backpropagates them through projection and colour to the raw
// parameters; adds the view's statistics.
#pragma once

#include "../core/sampling.h"
#include "../core/sh.h"
#include "../core/statistics.h"
#include "gaussian.cuh"

namespace tame::gpu {

__device__ __forceinline__ float& statistic(const OptimizeArgs& a, const Planes& gradients, uint32_t plane,
                                            uint32_t i) {
  return gradients.plane(a.projection.layout.planes() + int(plane))[i];
}

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
  if (count <= kFewInstances) {
    constexpr uint32_t kLoads = 4;  // under way at a time
    uint32_t k = 0;
    for (; k + kLoads <= count; k += kLoads) {
      Record next[kLoads];
      for (uint32_t n = 0; n < kLoads; ++n) next[n] = records[offset + k + n];
      for (uint32_t n = 0; n < kLoads; ++n) add(sum, next[n]);
    }
    for (; k < count; ++k) add(sum, records[offset + k]);
  }
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

// The view's statistics of fragments: written to the gradient's planes, or added to the running sums. h: the sum of
// d loss / d log(alpha).
template <bool to_planes>
__device__ __forceinline__ void add_fragments(const OptimizeArgs& a, uint32_t i, const FragmentSums& sum, float h) {
  const ProjectArgs& p = a.projection;
  const float absolute[2] = {sum.absolute_x, sum.absolute_y};
  float values[kFragmentPlanes] = {};
  if (sum.count > 0.f)
    core::fragment_statistics(
        sum, h, core::used_opacity(p.layout.linear_opacity, p.parameters.plane(p.layout.opacity())[i]),
        *a.largest_gradient,
        core::density_gradient(absolute, p.camera.width, p.camera.height, p.splats[i].depth, a.full_gradient_depth),
        values);
  for (uint32_t k = 0; k < kFragmentPlanes; ++k) {
    if (to_planes)
      statistic(a, a.gradients_to, kDensityPlanes + k, i) = values[k];
    else
      a.training.fragment_sums.plane(int(k))[i] += values[k];
  }
}

// Adds to w the derivatives by the basis functions of one band of spherical harmonics; all loads before the first sum.
template <int kBand>
__device__ __forceinline__ void add_band(const ProjectArgs& p, uint32_t i, const float (&rgb)[3],
                                         float (&w)[core::kMaxShCoefficients]) {
  constexpr int kFirst = kBand * kBand, kCount = 2 * kBand + 1;
  if (kBand > p.active_degree) return;
  float coefficients[3 * kCount];
  for (int k = 0; k < 3 * kCount; ++k) coefficients[k] = p.parameters.plane(Layout::sh() + 3 * kFirst + k)[i];
  for (int k = 0; k < kCount; ++k)
    for (int c = 0; c < 3; ++c) w[kFirst + k] = fmaf(coefficients[3 * k + c], rgb[c], w[kFirst + k]);
}

// d loss / d direction, from the colour's gradient.
__device__ __forceinline__ void direction_gradient(const ProjectArgs& p, uint32_t i, const float (&direction)[3],
                                                   const float (&rgb)[3], float (&out)[3]) {
  float w[core::kMaxShCoefficients] = {};
  add_band<0>(p, i, rgb, w);
  add_band<1>(p, i, rgb, w);
  add_band<2>(p, i, rgb, w);
  add_band<3>(p, i, rgb, w);
  core::sh_basis_backward(p.active_degree, direction, w, out);
}

__device__ __forceinline__ void write_planes(const OptimizeArgs& a, uint32_t i, const RowGradient& g,
                                             const float (&direction)[3], const float (&rgb)[3]) {
  const Layout& layout = a.projection.layout;
  float y[core::kMaxShCoefficients];
  core::sh_basis(a.projection.active_degree, direction, y);
  const int active = (a.projection.active_degree + 1) * (a.projection.active_degree + 1);
#pragma unroll
  for (int k = 0; k < core::kMaxShCoefficients; ++k)
    if (k < layout.coefficients())
      for (int c = 0; c < 3; ++c) a.gradients_to.plane(Layout::sh() + 3 * k + c)[i] = k < active ? y[k] * rgb[c] : 0.f;
  for (int k = 0; k < 3; ++k) a.gradients_to.plane(Layout::means() + k)[i] = g.mean[k];
  a.gradients_to.plane(layout.opacity())[i] = g.opacity;
  for (int k = 0; k < 3; ++k) a.gradients_to.plane(layout.log_scales() + k)[i] = g.log_scale[k];
  for (int k = 0; k < 4; ++k) a.gradients_to.plane(layout.quats() + k)[i] = g.quat[k];
}

// to_planes: writes all gradients to a.gradients_to. Otherwise writes those of Gaussians that reached a tile over what
// is no longer needed: a RowGradient over its splat, and the colour's gradient over that of its first instance.
template <bool to_planes>
__global__ void __launch_bounds__(kGaussianThreads, kGradientBlocks)
    gradients_kernel(const __grid_constant__ OptimizeArgs a) {
  if (a.projection.counts->overflow != 0) return;
  const ProjectArgs& p = a.projection;
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  const uint32_t tiles = i < p.count ? p.tile_counts[i] : 0, offset = tiles != 0 ? a.offsets[i] : 0;
  InstanceGradient sum = instance_sum(a.gradients, offset, tiles);
  FragmentSums fragments = {};
  if (a.fragments != nullptr) fragments = instance_sum(a.fragments, offset, tiles);
  if (i >= p.count) return;
  if (a.fragments != nullptr) add_fragments<to_planes>(a, i, fragments, sum.h);
  const Layout& layout = p.layout;
  const bool visible = p.radii[i] > 0.f;
  const float depth = visible ? p.splats[i].depth : 0.f;

  RowGradient g = {};
  float g_mean2[2] = {};
  core::ViewDirection<float> direction = {};
  if (tiles != 0) {
    const Loaded x = load_gaussian(p.parameters, layout, i);
    const Splat s = p.splats[i];
    // log(alpha) = log(opacity) - (A dx^2 + C dy^2) / 2 - B dx dy, with log(2) a = A / 2 and so on.
    g_mean2[0] = -kLog2 * fmaf(2.f * s.a, sum.h_dx, s.b * sum.h_dy);
    g_mean2[1] = -kLog2 * fmaf(2.f * s.c, sum.h_dy, s.b * sum.h_dx);
    const float g_conic[3] = {-0.5f * sum.h_dxdx, -sum.h_dxdy, -0.5f * sum.h_dydy};
    core::project_backward(p.camera, x.mean, x.scale, x.quat, g_mean2, g_conic, sum.h, g.mean, g.log_scale, g.quat);
    g.opacity =
        core::opacity_gradient(layout.linear_opacity, p.parameters.plane(layout.opacity())[i], x.opacity, sum.h);
    for (int c = 0; c < 3; ++c)
      if (s.clamped & (1u << c)) sum.rgb[c] = 0.f;
    direction = core::view_direction<float>(p.camera.center, x.mean);
    float g_direction[3];
    direction_gradient(p, i, direction.d, sum.rgb, g_direction);
    core::view_direction_backward(direction, g_direction, g.mean);
    if (!to_planes) {
      reinterpret_cast<RowGradient&>(p.splats[i]) = g;
      for (int c = 0; c < 3; ++c) a.gradients[offset].rgb[c] = sum.rgb[c];
    }
  }
  if (to_planes) write_planes(a, i, g, direction.d, sum.rgb);

  const float density =
      visible ? core::density_gradient(g_mean2, p.camera.width, p.camera.height, depth, a.full_gradient_depth) : 0.f;
  if (to_planes) {
    statistic(a, a.gradients_to, kGradientSum, i) = density;
    statistic(a, a.gradients_to, kVisibleSteps, i) = visible ? 1.f : 0.f;
    statistic(a, a.gradients_to, kMaxRadius, i) = p.radii[i];
    if (a.mean2_to != nullptr)
      for (int k = 0; k < 2; ++k) a.mean2_to[size_t(k) * a.gradients_to.stride + i] = g_mean2[k];
    return;
  }
  const TrainingArgs& t = a.training;
  if (t.gradient_sums == nullptr || !visible) return;
  t.gradient_sums[i] += density;
  t.visible_steps[i] += 1;
  t.max_radii[i] = fmaxf(t.max_radii[i], p.radii[i]);
}

}  // namespace tame::gpu
