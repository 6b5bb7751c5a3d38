// Training loss (1 - lambda) L1 + lambda (1 - SSIM) and its gradient: blocks of 32 x 16 pixels of one channel, with the
// window's halo of 5 in shared memory. The window is applied along rows, then along columns; a thread computes several
// neighbouring values at a time, because they share most of their inputs. Outside the image render, target and
// derivatives count as zero. Means are over the pixels that the photo's mask keeps.
#pragma once

#include "../core/ssim.h"
#include "kernels.h"
#include "sum.cuh"

namespace tame::gpu {

constexpr int kHalo = core::kWindowRadius;
constexpr int kSpanX = kLossWidth + 2 * kHalo, kSpanY = kLossHeight + 2 * kHalo;
constexpr int kRowRun = 4;     // values along a row that a thread computes
constexpr int kColumnRun = 2;  // along a column
constexpr int kLossThreads = kLossWidth * kLossHeight / kColumnRun;
static_assert(kSpanY * (kLossWidth / kRowRun) <= kLossThreads, "one round for all rows");
// Odd strides: neither pass has bank conflicts.
using SourceMap = float[kSpanY][kSpanX + 1];
using RowMap = float[kSpanY][kLossWidth + 1];

// out[k] = the window's sum around in[k + kHalo].
template <int n>
__device__ __forceinline__ void windowed(const float (&in)[n + 2 * kHalo], float (&out)[n]) {
#pragma unroll
  for (int k = 0; k < n; ++k) {
    out[k] = 0.f;
#pragma unroll
    for (int d = -kHalo; d <= kHalo; ++d)
      out[k] = fmaf(core::window_weight<float>(d < 0 ? -d : d), in[k + kHalo + d], out[k]);
  }
}

// The row pass of one map for the thread's run, which begins at (u, v) of the span.
__device__ __forceinline__ void store_row(const float (&in)[kRowRun + 2 * kHalo], RowMap& rows, int u, int v) {
  float out[kRowRun];
  windowed(in, out);
#pragma unroll
  for (int k = 0; k < kRowRun; ++k) rows[v][u + k] = out[k];
}

// The column pass for the thread's run, which begins at (u, v) of the block.
__device__ __forceinline__ void load_columns(const RowMap& rows, int u, int v, float (&out)[kColumnRun]) {
  float in[kColumnRun + 2 * kHalo];
#pragma unroll
  for (int k = 0; k < kColumnRun + 2 * kHalo; ++k) in[k] = rows[v + k][u];
  windowed(in, out);
}

// Where the photo's mask excludes a pixel, the target is the render's value, as a constant.
__device__ __forceinline__ float target_value(const LossArgs& a, int channel, int x, int y) {
  const size_t at = size_t(y) * size_t(a.width) + size_t(x), plane = size_t(a.width) * size_t(a.height);
  if (a.photo.pixels == nullptr) return a.target_planes[size_t(channel) * plane + at];
  return core::is_kept(a.photo, at) ? core::photo_value(a.photo, at, channel) : a.image[size_t(channel) * plane + at];
}

__global__ void __launch_bounds__(kLossThreads) loss_partials_kernel(const __grid_constant__ LossArgs a) {
  if (a.counts != nullptr && a.counts->overflow != 0) return;
  __shared__ SourceMap source[2];
  __shared__ RowMap rows[4];
  __shared__ double scratch[kLossThreads / kWarp];
  const int channel = int(blockIdx.z), thread = int(threadIdx.x);
  const int x0 = int(blockIdx.x) * kLossWidth, y0 = int(blockIdx.y) * kLossHeight;
  const size_t plane = size_t(a.width) * size_t(a.height);
  const float* image = a.image + size_t(channel) * plane;

  for (int k = thread; k < kSpanX * kSpanY; k += kLossThreads) {
    const int u = k % kSpanX, v = k / kSpanX, x = x0 + u - kHalo, y = y0 + v - kHalo;
    const bool inside = x >= 0 && x < a.width && y >= 0 && y < a.height;
    source[0][v][u] = inside ? image[size_t(y) * size_t(a.width) + size_t(x)] : 0.f;
    source[1][v][u] = inside ? target_value(a, channel, x, y) : 0.f;
  }
  __syncthreads();
  if (thread < kSpanY * (kLossWidth / kRowRun)) {
    const int u = thread % (kLossWidth / kRowRun) * kRowRun, v = thread / (kLossWidth / kRowRun);
    constexpr int kReads = kRowRun + 2 * kHalo;
    float p[kReads], q[kReads], product[kReads];
#pragma unroll
    for (int k = 0; k < kReads; ++k) {
      p[k] = source[0][v][u + k];
      q[k] = source[1][v][u + k];
    }
    store_row(p, rows[0], u, v);
    store_row(q, rows[1], u, v);
#pragma unroll
    for (int k = 0; k < kReads; ++k) product[k] = fmaf(p[k], p[k], q[k] * q[k]);
    store_row(product, rows[2], u, v);
#pragma unroll
    for (int k = 0; k < kReads; ++k) product[k] = p[k] * q[k];
    store_row(product, rows[3], u, v);
  }
  __syncthreads();

  const int u = thread % kLossWidth, v = thread / kLossWidth * kColumnRun, x = x0 + u;
  float mean[4][kColumnRun];
#pragma unroll
  for (int s = 0; s < 4; ++s) load_columns(rows[s], u, v, mean[s]);
  const float upstream = -a.lambda_dssim / float(a.values);
  double l1 = 0, ssim = 0;
#pragma unroll
  for (int k = 0; k < kColumnRun; ++k) {
    const int y = y0 + v + k;
    if (x >= a.width || y >= a.height) continue;
    const core::SsimTerms<float> terms = core::ssim_terms(mean[0][k], mean[1][k], mean[2][k], mean[3][k]);
    const size_t at = size_t(y) * size_t(a.width) + size_t(x);
    const bool kept = core::is_kept(a.photo, at);
    ssim += kept ? terms.value : 0.f;
    l1 += fabsf(source[0][v + k + kHalo][u + kHalo] - source[1][v + k + kHalo][u + kHalo]);
    if (a.partials == nullptr) continue;
    float* out = a.partials + size_t(channel) * 3 * plane + at;
    out[0] = kept ? upstream * terms.d_mean : 0.f;
    out[plane] = kept ? upstream * terms.d_xx : 0.f;
    out[2 * plane] = kept ? upstream * terms.d_xy : 0.f;
  }
  l1 = block_sum(l1, scratch);
  ssim = block_sum(ssim, scratch);
  if (thread == 0) a.sums[(blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x] = make_double2(l1, ssim);
}

// Computes the value, by one block: adds the blocks' sums in a fixed order.
__device__ __forceinline__ void write_value(const LossArgs& a) {
  __shared__ double scratch[kLossThreads / kWarp];
  double l1 = 0, ssim = 0;
  for (uint32_t b = threadIdx.x; b < a.blocks; b += kLossThreads) {
    l1 += a.sums[b].x;
    ssim += a.sums[b].y;
  }
  l1 = block_sum(l1, scratch);
  ssim = block_sum(ssim, scratch);
  if (threadIdx.x != 0) return;
  const double lambda = a.lambda_dssim;
  *a.value = a.values == 0 ? 0 : (1 - lambda) * l1 / a.values + lambda * (1 - ssim / a.values);
}

__global__ void __launch_bounds__(kLossThreads) loss_gradient_kernel(const __grid_constant__ LossArgs a) {
  if (a.counts != nullptr && a.counts->overflow != 0) return;
  if (blockIdx.x + blockIdx.y + blockIdx.z == 0) write_value(a);
  __shared__ SourceMap source[3];
  __shared__ RowMap rows[3];
  const int channel = int(blockIdx.z), thread = int(threadIdx.x);
  const int x0 = int(blockIdx.x) * kLossWidth, y0 = int(blockIdx.y) * kLossHeight;
  const size_t plane = size_t(a.width) * size_t(a.height);
  const float* partials = a.partials + size_t(channel) * 3 * plane;

  for (int k = thread; k < kSpanX * kSpanY; k += kLossThreads) {
    const int u = k % kSpanX, v = k / kSpanX, x = x0 + u - kHalo, y = y0 + v - kHalo;
    const bool inside = x >= 0 && x < a.width && y >= 0 && y < a.height;
    for (int s = 0; s < 3; ++s)
      source[s][v][u] = inside ? partials[size_t(s) * plane + size_t(y) * size_t(a.width) + size_t(x)] : 0.f;
  }
  __syncthreads();
  if (thread < kSpanY * (kLossWidth / kRowRun)) {
    const int u = thread % (kLossWidth / kRowRun) * kRowRun, v = thread / (kLossWidth / kRowRun);
#pragma unroll
    for (int s = 0; s < 3; ++s) {
      float in[kRowRun + 2 * kHalo];
#pragma unroll
      for (int k = 0; k < kRowRun + 2 * kHalo; ++k) in[k] = source[s][v][u + k];
      store_row(in, rows[s], u, v);
    }
  }
  __syncthreads();

  const int u = thread % kLossWidth, v = thread / kLossWidth * kColumnRun, x = x0 + u;
  float window[3][kColumnRun];
#pragma unroll
  for (int s = 0; s < 3; ++s) load_columns(rows[s], u, v, window[s]);
  const float l1_share = (1.f - a.lambda_dssim) / float(a.values);
#pragma unroll
  for (int k = 0; k < kColumnRun; ++k) {
    const int y = y0 + v + k;
    if (x >= a.width || y >= a.height) continue;
    const size_t pixel = size_t(y) * size_t(a.width) + size_t(x), at = size_t(channel) * plane + pixel;
    const float p = a.image[at], q = target_value(a, channel, x, y);
    const float sign = p > q ? l1_share : p < q ? -l1_share : 0.f;
    a.gradient[at] =
        core::is_kept(a.photo, pixel) ? window[0][k] + fmaf(2.f * p, window[1][k], fmaf(q, window[2][k], sign)) : 0.f;
  }
}

__global__ void __launch_bounds__(kLossThreads) loss_value_kernel(const __grid_constant__ LossArgs a) {
  if (a.counts != nullptr && a.counts->overflow != 0) return;
  write_value(a);
}

constexpr uint32_t kLargestThreads = 256;

// Bits of the largest |value|: bits of non-negative floats have the order of the floats, so integer atomics work, in
// any order.
__global__ void largest_value_kernel(const float* values, size_t count, uint32_t* largest) {
  const size_t i = size_t(blockIdx.x) * blockDim.x + threadIdx.x;
  const uint32_t bits = i < count ? __float_as_uint(fabsf(values[i])) : 0u;
  const uint32_t most = __reduce_max_sync(kFullWarp, bits);
  if (threadIdx.x % kWarp == 0) atomicMax(largest, most);
}

}  // namespace tame::gpu
