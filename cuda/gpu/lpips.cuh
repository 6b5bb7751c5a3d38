// The kernels of LPIPS (Zhang et al. 2018). Features are [image][channel][place][x], row y at place y % capacity.
#pragma once

#include "../core/lpips.h"
#include "../tame.h"
#include "sum.cuh"

namespace tame::gpu {

constexpr int kLpipsPixels = 128;  // pixels per block of the convolution
constexpr int kLpipsDepth = 8;     // products per load into shared memory, all at one position of the kernel
constexpr int kLpipsThreads = 256;

// Some rows of the two images' features at one layer.
struct LpipsFeatures {
  float* data;
  size_t image;  // floats from one image to the other
  int channels, width, height, capacity;

  __device__ size_t plane() const { return size_t(capacity) * size_t(width); }
  __device__ float* row(int which, int y) const {
    return data + size_t(which) * image + size_t(y % capacity) * size_t(width);
  }
};

struct LpipsConvolveArgs {
  LpipsFeatures in, out;
  int kernel, stride, pad;
  int first_row, rows;   // of the output
  int padded_in;         // input channels, rounded up to kLpipsDepth
  const float* weights;  // [row][column][padded_in][out], zero where there is no such channel
  const float* bias;
};

// Scales both images' colours, interleaved and one image after the other, into rows first_row .. of the first buffer.
static __global__ void lpips_input_kernel(const float* colors, LpipsFeatures out, int first_row, int rows,
                                          bool is_signed) {
  const size_t i = size_t(blockIdx.x) * blockDim.x + threadIdx.x, pixels = size_t(rows) * size_t(out.width);
  if (i >= 2 * pixels) return;
  const int which = i < pixels ? 0 : 1, x = int(i % size_t(out.width));
  const int y = first_row + int(i % pixels / size_t(out.width));
  const float* from = colors + 3 * ((size_t(which) * size_t(out.height) + size_t(y)) * size_t(out.width) + size_t(x));
  for (int c = 0; c < 3; ++c)
    out.row(which, y)[size_t(c) * out.plane() + size_t(x)] = core::lpips_input(from[c], c, is_signed);
}

// A convolution with bias and ReLU as an implicit matrix product: a block computes kOutputs channels of kLpipsPixels
// pixels, a thread 8 x 8 of them. While one part of the matrices is multiplied, the next is loaded. The minimum of
// blocks per multiprocessor leaves a thread the registers that it needs.
template <int kOutputs>
static __global__ void __launch_bounds__(2 * kOutputs, kOutputs == 64 ? 3 : 2)
    lpips_convolve_kernel(LpipsConvolveArgs a) {
  constexpr int kThreads = 2 * kOutputs, kRowStep = kThreads / kLpipsPixels, kLoads = kLpipsDepth / kRowStep;
  __shared__ __align__(16) float weights[2][kLpipsDepth][kOutputs];
  __shared__ __align__(16) float pixels[2][kLpipsDepth][kLpipsPixels];
  const int thread = int(threadIdx.x), total = 2 * a.rows * a.out.width;
  const int first_pixel = int(blockIdx.x) * kLpipsPixels, first_output = int(blockIdx.y) * kOutputs;

  // The pixel and the weights that this thread fetches.
  const int load_row = thread / kLpipsPixels, load_pixel = thread % kLpipsPixels;
  const int pixel = first_pixel + load_pixel, row = pixel / a.out.width;
  const int which = row / a.rows;
  // Past the end: a row outside of any image.
  const int in_y = pixel < total ? (a.first_row + row % a.rows) * a.stride - a.pad : -(1 << 20);
  const int in_x = pixel % a.out.width * a.stride - a.pad;
  const int weight_row = thread / (kOutputs / 4), weight_output = thread % (kOutputs / 4) * 4;
  const size_t plane = a.in.plane();
  const float* next_weights =
      a.weights + size_t(weight_row) * size_t(a.out.channels) + size_t(first_output + weight_output);

  int ky = 0, kx = 0, channel = 0;
  const float* source = nullptr;
  const auto find_source = [&] {
    const int y = in_y + ky, x = in_x + kx;
    const bool inside = y >= 0 && y < a.in.height && x >= 0 && x < a.in.width;
    source = inside ? a.in.row(which, y) + size_t(load_row) * plane + size_t(x) : nullptr;
  };
  float4 weight;
  float value[kLoads];
  const auto fetch = [&] {
    weight = *reinterpret_cast<const float4*>(next_weights);
    next_weights += size_t(kLpipsDepth) * size_t(a.out.channels);
#pragma unroll
    for (int i = 0; i < kLoads; ++i) {
      const bool there = source != nullptr && channel + load_row + i * kRowStep < a.in.channels;
      value[i] = there ? source[size_t(i * kRowStep) * plane] : 0.f;
    }
    channel += kLpipsDepth;
    if (source != nullptr) source += size_t(kLpipsDepth) * plane;
    if (channel < a.padded_in) return;
    channel = 0;
    if (++kx == a.kernel) {
      kx = 0;
      ++ky;
    }
    find_source();
  };
  const auto keep = [&](int stage) {
    *reinterpret_cast<float4*>(&weights[stage][weight_row][weight_output]) = weight;
#pragma unroll
    for (int i = 0; i < kLoads; ++i) pixels[stage][load_row + i * kRowStep][load_pixel] = value[i];
  };

  const int my_output = thread / 16 * 4, my_pixel = thread % 16 * 4;  // also in the other half
  float sum[8][8] = {};
  find_source();
  fetch();
  keep(0);
  __syncthreads();
  const int steps = a.kernel * a.kernel * a.padded_in / kLpipsDepth;
  for (int step = 0; step < steps; ++step) {
    const int stage = step % 2;
    if (step + 1 < steps) fetch();
#pragma unroll
    for (int k = 0; k < kLpipsDepth; ++k) {
      float w[8], p[8];
      *reinterpret_cast<float4*>(w) = *reinterpret_cast<const float4*>(&weights[stage][k][my_output]);
      *reinterpret_cast<float4*>(w + 4) =
          *reinterpret_cast<const float4*>(&weights[stage][k][my_output + kOutputs / 2]);
      *reinterpret_cast<float4*>(p) = *reinterpret_cast<const float4*>(&pixels[stage][k][my_pixel]);
      *reinterpret_cast<float4*>(p + 4) =
          *reinterpret_cast<const float4*>(&pixels[stage][k][my_pixel + kLpipsPixels / 2]);
#pragma unroll
      for (int o = 0; o < 8; ++o)
#pragma unroll
        for (int i = 0; i < 8; ++i) sum[o][i] = fmaf(w[o], p[i], sum[o][i]);
    }
    // The other stage was read in the previous step, before the last barrier.
    if (step + 1 < steps) keep(1 - stage);
    __syncthreads();
  }

#pragma unroll
  for (int i = 0; i < 8; ++i) {
    const int at = first_pixel + my_pixel + i % 4 + i / 4 * (kLpipsPixels / 2);
    if (at >= total) continue;
    const int out_row = at / a.out.width;
    float* out = a.out.row(out_row / a.rows, a.first_row + out_row % a.rows) + at % a.out.width;
#pragma unroll
    for (int o = 0; o < 8; ++o) {
      const int output = first_output + my_output + o % 4 + o / 4 * (kOutputs / 2);
      const float value = sum[o][i] + a.bias[output];
      out[size_t(output) * a.out.plane()] = value < 0.f ? 0.f : value;  // lets NaN pass
    }
  }
}

static __global__ void lpips_pool_kernel(LpipsFeatures in, LpipsFeatures out, int kernel, int stride, int first_row,
                                         int rows) {
  const size_t i = size_t(blockIdx.x) * blockDim.x + threadIdx.x;
  const size_t pixels = size_t(rows) * size_t(out.width), planes = 2 * size_t(out.channels);
  if (i >= planes * pixels) return;
  const int x = int(i % size_t(out.width)), y = first_row + int(i % pixels / size_t(out.width));
  const int which = int(i / pixels) / out.channels, channel = int(i / pixels) % out.channels;
  float most = 0.f;
  for (int ky = 0; ky < kernel; ++ky) {
    const float* row = in.row(which, y * stride + ky) + size_t(channel) * in.plane() + size_t(x * stride);
    for (int kx = 0; kx < kernel; ++kx) most = ky == 0 && kx == 0 ? row[0] : fmaxf(most, row[kx]);
  }
  out.row(which, y)[size_t(channel) * out.plane() + size_t(x)] = most;
}

// One block per row: the sum over its pixels of sum_c linear_c (a_c / |a| - b_c / |b|)^2.
static __global__ void __launch_bounds__(kLpipsThreads)
    lpips_compare_kernel(LpipsFeatures in, const float* linear, int first_row, double* sums) {
  __shared__ double scratch[kLpipsThreads / kWarp];
  const int y = first_row + int(blockIdx.x);
  const size_t plane = in.plane();
  double total = 0;
  for (int x = int(threadIdx.x); x < in.width; x += kLpipsThreads) {
    const float* u = in.row(0, y) + x;
    const float* v = in.row(1, y) + x;
    float uu = 0.f, vv = 0.f;
    for (int c = 0; c < in.channels; ++c) {
      const float p = u[size_t(c) * plane], q = v[size_t(c) * plane];
      uu = fmaf(p, p, uu);
      vv = fmaf(q, q, vv);
    }
    const float u_share = 1.f / (sqrtf(uu) + core::kLpipsEpsilon), v_share = 1.f / (sqrtf(vv) + core::kLpipsEpsilon);
    float sum = 0.f;
    for (int c = 0; c < in.channels; ++c) {
      const float difference = u[size_t(c) * plane] * u_share - v[size_t(c) * plane] * v_share;
      sum = fmaf(linear[c] * difference, difference, sum);
    }
    total += double(sum);
  }
  total = block_sum(total, scratch);
  if (threadIdx.x == 0) sums[y] = total;
}

}  // namespace tame::gpu
