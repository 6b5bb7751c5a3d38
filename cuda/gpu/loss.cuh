// Training loss (1 - lambda) L1 + lambda (1 - SSIM) and its gradient: blocks of 16 x 16 pixels of one channel, with the
// window's halo of 5 in shared memory. Outside the image both pictures, and the derivatives, count as zero. The means
// go over the pixels that the photo's mask keeps.
#pragma once

#include "../core/ssim.h"
#include "kernels.h"
#include "sum.cuh"

namespace tame::gpu {

constexpr int kHalo = core::kWindowRadius;
constexpr int kLossSpan = kLossTile + 2 * kHalo;
constexpr int kLossThreads = kLossTile * kLossTile;

// Where the photo's mask leaves a pixel out both pictures hold the render's value, as a constant.
__device__ __forceinline__ float target_value(const LossArgs& a, int channel, int x, int y) {
  const size_t at = size_t(y) * size_t(a.width) + size_t(x), plane = size_t(a.width) * size_t(a.height);
  if (a.photo.pixels == nullptr) return a.target_planes[size_t(channel) * plane + at];
  return core::is_kept(a.photo, at) ? core::photo_value(a.photo, at, channel) : a.image[size_t(channel) * plane + at];
}

__global__ void __launch_bounds__(kLossThreads) loss_partials_kernel(const __grid_constant__ LossArgs a) {
  if (a.counts != nullptr && a.counts->overflow != 0) return;
  __shared__ float source[2][kLossSpan][kLossSpan + 1];
  __shared__ float rows[4][kLossSpan][kLossTile];
  __shared__ double scratch[kLossThreads / kWarp];
  const int channel = int(blockIdx.z), thread = int(threadIdx.x);
  const int x0 = int(blockIdx.x) * kLossTile, y0 = int(blockIdx.y) * kLossTile;
  const size_t plane = size_t(a.width) * size_t(a.height);
  const float* image = a.image + size_t(channel) * plane;

  for (int k = thread; k < kLossSpan * kLossSpan; k += kLossThreads) {
    const int u = k % kLossSpan, v = k / kLossSpan, x = x0 + u - kHalo, y = y0 + v - kHalo;
    const bool inside = x >= 0 && x < a.width && y >= 0 && y < a.height;
    source[0][v][u] = inside ? image[size_t(y) * size_t(a.width) + size_t(x)] : 0.f;
    source[1][v][u] = inside ? target_value(a, channel, x, y) : 0.f;
  }
  __syncthreads();
  for (int k = thread; k < kLossSpan * kLossTile; k += kLossThreads) {
    const int u = k % kLossTile, v = k / kLossTile;
    float sum[4] = {};
#pragma unroll
    for (int d = -kHalo; d <= kHalo; ++d) {
      const float p = source[0][v][u + kHalo + d], q = source[1][v][u + kHalo + d];
      const float weight = core::window_weight<float>(d < 0 ? -d : d), wp = weight * p, wq = weight * q;
      sum[0] += wp;
      sum[1] += wq;
      sum[2] = fmaf(wp, p, fmaf(wq, q, sum[2]));
      sum[3] = fmaf(wp, q, sum[3]);
    }
    for (int s = 0; s < 4; ++s) rows[s][v][u] = sum[s];
  }
  __syncthreads();

  const int u = thread % kLossTile, v = thread / kLossTile, x = x0 + u, y = y0 + v;
  double l1 = 0, ssim = 0;
  if (x < a.width && y < a.height) {
    float mean[4] = {};
#pragma unroll
    for (int d = -kHalo; d <= kHalo; ++d)
      for (int s = 0; s < 4; ++s)
        mean[s] = fmaf(core::window_weight<float>(d < 0 ? -d : d), rows[s][v + kHalo + d][u], mean[s]);
    const core::SsimTerms<float> terms = core::ssim_terms(mean[0], mean[1], mean[2], mean[3]);
    const bool kept = core::is_kept(a.photo, size_t(y) * size_t(a.width) + size_t(x));
    ssim = kept ? terms.value : 0.f;
    l1 = fabsf(source[0][v + kHalo][u + kHalo] - source[1][v + kHalo][u + kHalo]);
    if (a.partials != nullptr) {
      const float upstream = -a.lambda_dssim / float(a.values);
      float* out = a.partials + size_t(channel) * 3 * plane + size_t(y) * size_t(a.width) + size_t(x);
      out[0] = kept ? upstream * terms.d_mean : 0.f;
      out[plane] = kept ? upstream * terms.d_xx : 0.f;
      out[2 * plane] = kept ? upstream * terms.d_xy : 0.f;
    }
  }
  l1 = block_sum(l1, scratch);
  ssim = block_sum(ssim, scratch);
  if (thread == 0) a.sums[(blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x] = make_double2(l1, ssim);
}

__global__ void __launch_bounds__(kLossThreads) loss_gradient_kernel(const __grid_constant__ LossArgs a) {
  if (a.counts != nullptr && a.counts->overflow != 0) return;
  __shared__ float source[3][kLossSpan][kLossSpan + 1];
  __shared__ float rows[3][kLossSpan][kLossTile];
  const int channel = int(blockIdx.z), thread = int(threadIdx.x);
  const int x0 = int(blockIdx.x) * kLossTile, y0 = int(blockIdx.y) * kLossTile;
  const size_t plane = size_t(a.width) * size_t(a.height);
  const float* partials = a.partials + size_t(channel) * 3 * plane;

  for (int k = thread; k < kLossSpan * kLossSpan; k += kLossThreads) {
    const int u = k % kLossSpan, v = k / kLossSpan, x = x0 + u - kHalo, y = y0 + v - kHalo;
    const bool inside = x >= 0 && x < a.width && y >= 0 && y < a.height;
    for (int s = 0; s < 3; ++s)
      source[s][v][u] = inside ? partials[size_t(s) * plane + size_t(y) * size_t(a.width) + size_t(x)] : 0.f;
  }
  __syncthreads();
  for (int k = thread; k < kLossSpan * kLossTile; k += kLossThreads) {
    const int u = k % kLossTile, v = k / kLossTile;
    float sum[3] = {};
#pragma unroll
    for (int d = -kHalo; d <= kHalo; ++d)
      for (int s = 0; s < 3; ++s)
        sum[s] = fmaf(core::window_weight<float>(d < 0 ? -d : d), source[s][v][u + kHalo + d], sum[s]);
    for (int s = 0; s < 3; ++s) rows[s][v][u] = sum[s];
  }
  __syncthreads();

  const int u = thread % kLossTile, v = thread / kLossTile, x = x0 + u, y = y0 + v;
  if (x >= a.width || y >= a.height) return;
  float window[3] = {};
#pragma unroll
  for (int d = -kHalo; d <= kHalo; ++d)
    for (int s = 0; s < 3; ++s)
      window[s] = fmaf(core::window_weight<float>(d < 0 ? -d : d), rows[s][v + kHalo + d][u], window[s]);
  const size_t at = size_t(channel) * plane + size_t(y) * size_t(a.width) + size_t(x);
  const float p = a.image[at], q = target_value(a, channel, x, y);
  const float l1_share = (1.f - a.lambda_dssim) / float(a.values);
  const float sign = p > q ? l1_share : p < q ? -l1_share : 0.f;
  const bool kept = core::is_kept(a.photo, size_t(y) * size_t(a.width) + size_t(x));
  a.gradient[at] = kept ? window[0] + fmaf(2.f * p, window[1], fmaf(q, window[2], sign)) : 0.f;
}

// One block: the blocks' sums, in a fixed order.
__global__ void __launch_bounds__(kLossThreads)
    loss_value_kernel(const __grid_constant__ LossArgs a, uint32_t blocks, double* value) {
  if (a.counts != nullptr && a.counts->overflow != 0) return;
  __shared__ double scratch[kLossThreads / kWarp];
  double l1 = 0, ssim = 0;
  for (uint32_t b = threadIdx.x; b < blocks; b += kLossThreads) {
    l1 += a.sums[b].x;
    ssim += a.sums[b].y;
  }
  l1 = block_sum(l1, scratch);
  ssim = block_sum(ssim, scratch);
  if (threadIdx.x != 0) return;
  const double lambda = a.lambda_dssim;
  *value = a.values == 0 ? 0 : (1 - lambda) * l1 / a.values + lambda * (1 - ssim / a.values);
}

}  // namespace tame::gpu
