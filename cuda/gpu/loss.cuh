// Training loss (1 - lambda) L1 + lambda (1 - SSIM) and its gradient. A block has 32 x 32 or 32 x 16 pixels, with the
// window's halo of 5 in shared memory, and takes its channels one after another. The window is applied along rows, then
// along columns; a thread computes several neighbouring values at a time, because they share most of their inputs.
// Outside the image render, target and derivatives count as zero. Means are over the pixels that the photo's mask
// keeps.
#pragma once

#include "../core/ssim.h"
#include "kernels.h"
#include "sum.cuh"

namespace tame::gpu {

constexpr int round_up(int value, int unit) {
  return (value + unit - 1) / unit * unit;
}

constexpr int kHalo = core::kWindowRadius;
constexpr int kSpanX = kLossWidth + 2 * kHalo;
constexpr int kMapStride = round_up(kSpanX, 4);    // of a row's source maps: whole words of four values
constexpr int kRowRun = 4;                         // values along a row that a thread computes
constexpr int kRowThreads = kLossWidth / kRowRun;  // of a row
constexpr int kWarpRows = kWarp / kRowThreads;     // no row is of two warps
constexpr int kColumnRuns = kLossThreads / kLossWidth;
constexpr int kReadRows = kLossThreads / kSpanX;  // rows that the block reads at a time

template <int height>
constexpr int kSpanY = height + 2 * kHalo;
// The same in whole warps of rows. Nothing reads what is computed in rows beyond the span.
template <int height>
constexpr int kPaddedY = round_up(kSpanY<height>, kWarpRows);
// Values along a column that a thread computes.
template <int height>
constexpr int kColumnRun = height / kColumnRuns;
// Pixels of the span that a thread reads.
template <int height>
constexpr int kReads = (kSpanY<height> + kReadRows - 1) / kReadRows;

// Adds `value` to the windowed sums around n neighbours; it is at j of the 2 kHalo + n values that these need.
template <int n>
__device__ __forceinline__ void add_windowed(float value, int j, float (&sums)[n]) {
#pragma unroll
  for (int k = 0; k < n; ++k) {
    const int d = j - kHalo - k;
    if (d >= -kHalo && d <= kHalo) sums[k] = fmaf(core::window_weight<float>(d < 0 ? -d : d), value, sums[k]);
  }
}

// core::SsimDivisors with the same results. For values of usual size these are the instructions that the compiler takes
// for divisions, with one test for the reciprocals instead of one for each. U and Z are at least C1 and C2: with
// U Z <= 2^32 nothing overflows, and with |x| >= 2^-64 neither x / Z nor its remainder is denormal. NaN fails the
// tests.
struct UsualDivisors {
  float z, by_u, by_z, by_uz;
  bool usual;

  __device__ __forceinline__ UsualDivisors(float u, float z) : z(z), usual(u * z <= 0x1p32f) {
    if (usual)
      by_u = reciprocal(u), by_z = reciprocal(z), by_uz = reciprocal(u * z);
    else
      by_u = 1.f / u, by_z = 1.f / z, by_uz = 1.f / (u * z);
  }
  __device__ __forceinline__ float over_z(float x) const {
    if (!usual || !(fabsf(x) >= 0x1p-64f)) return x / z;
    const float quotient = x * by_z;
    return fmaf(by_z, fmaf(-z, quotient, x), quotient);
  }

 private:
  static __device__ __forceinline__ float reciprocal(float x) {
    float estimate;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(estimate) : "f"(x));
    return fmaf(estimate, -fmaf(x, estimate, -1.f), estimate);
  }
};

// The rows of a span in shared memory: source maps side by side, and in their place later the windowed sums along the
// row, of as many maps as these have.
template <int height, int sources, int maps>
struct Rows {
  static constexpr int kSources = sources * kMapStride, kSums = maps * kLossWidth;
  static constexpr int kStride = kSources > kSums ? kSources : kSums;
  static_assert(kStride % 4 == 0);
  alignas(16) float values[kPaddedY<height>][kStride];

  // What a run's sums need, which begins at (u, v).
  __device__ __forceinline__ void load_run(int source, int u, int v, float (&run)[kRowRun + 2 * kHalo]) const {
    static_assert(kRowRun + 2 * kHalo == 14, "three words of four values and one of two");
    const float* from = &values[v][source * kMapStride + u];
#pragma unroll
    for (int k = 0; k < 12; k += 4) {
      const float4 word = *reinterpret_cast<const float4*>(from + k);
      run[k] = word.x, run[k + 1] = word.y, run[k + 2] = word.z, run[k + 3] = word.w;
    }
    const float2 word = *reinterpret_cast<const float2*>(from + 12);
    run[12] = word.x, run[13] = word.y;
  }
  __device__ __forceinline__ void store_run(int map, int u, int v, const float (&sums)[kRowRun]) {
    *reinterpret_cast<float4*>(&values[v][map * kLossWidth + u]) = make_float4(sums[0], sums[1], sums[2], sums[3]);
  }
  // The column pass of a map for the run that begins at (u, v) of the block.
  __device__ __forceinline__ void sum_columns(int map, int u, int v, float (&sums)[kColumnRun<height>]) const {
#pragma unroll
    for (float& sum : sums) sum = 0.f;
#pragma unroll
    for (int j = 0; j < kColumnRun<height> + 2 * kHalo; ++j) add_windowed(values[v + j][map * kLossWidth + u], j, sums);
  }
};

// n pixels of a thread, some rows apart, and for each a bit.
template <int n>
struct Pixels {
  static constexpr uint32_t kAll = (1u << n) - 1;
  uint32_t first, step, last;  // numbers of pixels: of the first of these, to the next, the image's last
  uint32_t inside = 0;         // the image
  uint32_t kept = 0;           // inside, and the mask does not exclude it

  __device__ __forceinline__ Pixels(const LossArgs& a, int x, int y, int rows)
      : first(uint32_t(y) * uint32_t(a.width) + uint32_t(x)),
        step(uint32_t(rows) * uint32_t(a.width)),
        last(uint32_t(a.width) * uint32_t(a.height) - 1) {
#pragma unroll
    for (int k = 0; k < n; ++k, y += rows)
      inside |= uint32_t(uint32_t(x) < uint32_t(a.width) && uint32_t(y) < uint32_t(a.height)) << k;
    kept = inside;
  }
  // The number of a pixel; of any in the image if it is outside.
  __device__ __forceinline__ uint32_t at(int k) const {
    return min(first + uint32_t(k) * step, last);
  }
  __device__ __forceinline__ void read_mask(const Photo& photo) {
    if (photo.mask == nullptr) return;
#pragma unroll
    for (int k = 0; k < n; ++k) kept &= ~(uint32_t(!core::is_kept(photo, at(k))) << k);
  }
};

// Keeps a value in a register: otherwise the compiler computes it again where it is used.
template <class T>
__device__ __forceinline__ T in_register(T value) {
  if constexpr (sizeof(T) == 8)
    asm("" : "+l"(value));
  else
    asm("" : "+r"(value));
  return value;
}

// A plane of an image, by an address that needs one instruction for each pixel.
template <class T>
__device__ __forceinline__ T* plane_of(const LossArgs& a, T* planes, int plane) {
  T* const first = planes + size_t(plane) * size_t(a.width) * size_t(a.height);
  return static_cast<T*>(__cvta_global_to_generic(in_register(__cvta_generic_to_global(first))));
}

// Values of a plane.
template <int n>
__device__ __forceinline__ void read_plane(const float* plane, const Pixels<n>& pixels, float (&values)[n]) {
#pragma unroll
  for (int k = 0; k < n; ++k) values[k] = plane[pixels.at(k)];
}

// Zeros outside the image.
template <int n>
__device__ __forceinline__ void clear_outside(const Pixels<n>& pixels, float (&values)[n]) {
#pragma unroll
  for (int k = 0; k < n; ++k) values[k] = (pixels.inside >> k & 1u) != 0 ? values[k] : 0.f;
}

// A channel of render and target. Where the photo's mask excludes a pixel, the target is the render's value, as a
// constant. Kinds of targets are told apart outside of the loops, so that the pixels' loads overlap.
template <int n>
__device__ __forceinline__ void read_channel(const LossArgs& a, int channel, const Pixels<n>& pixels,
                                             float (&render)[n], float (&target)[n]) {
  read_plane(plane_of(a, a.image, channel), pixels, render);
  if (a.photo.pixels == nullptr) {
    read_plane(plane_of(a, a.target_planes, channel), pixels, target);
  } else if (a.photo.channels == 3) {
#pragma unroll
    for (int k = 0; k < n; ++k) target[k] = core::rgb_value(a.photo, pixels.at(k), channel);
  } else {
#pragma unroll
    for (int k = 0; k < n; ++k) target[k] = core::rgba_value(a.photo, pixels.at(k), channel);
  }
  if (pixels.kept == Pixels<n>::kAll) return;
  clear_outside(pixels, render);
#pragma unroll
  for (int k = 0; k < n; ++k) target[k] = (pixels.kept >> k & 1u) != 0 ? target[k] : render[k];
}

// The block's pixels that a thread has: those of the span that it reads, from (span_u, span_v) on, and those of the
// block that it computes, the run in a column that begins at (u, v).
template <int height>
struct Share {
  int span_u = int(threadIdx.x % kSpanX), span_v = int(threadIdx.x / kSpanX);
  int u = int(threadIdx.x % kLossWidth), v = int(threadIdx.x / kLossWidth) * kColumnRun<height>;
  Pixels<kReads<height>> span;
  Pixels<kColumnRun<height>> run;

  __device__ __forceinline__ explicit Share(const LossArgs& a)
      : span(a, int(blockIdx.x) * kLossWidth + span_u - kHalo, int(blockIdx.y) * height + span_v - kHalo, kReadRows),
        run(a, int(blockIdx.x) * kLossWidth + u, int(blockIdx.y) * height + v, 1) {
    run.read_mask(a.photo);
  }
  template <int sources, int maps>
  __device__ __forceinline__ void store(const float (&values)[kReads<height>], int source,
                                        Rows<height, sources, maps>& to) const {
    if (span_v >= kReadRows) return;
#pragma unroll
    for (int k = 0; k < kReads<height>; ++k)
      if (kSpanY<height> % kReadRows == 0 || span_v + k * kReadRows < kSpanY<height>)
        to.values[span_v + k * kReadRows][source * kMapStride + span_u] = values[k];
  }
};

// Calls pass(u, v) for each run of the span's rows that is the thread's. A warp has whole rows, and between what pass
// reads and what it writes it waits for the warp: so sums can take the place of their sources.
template <int height, class Pass>
__device__ __forceinline__ void for_runs(const Pass& pass) {
  const int u = int(threadIdx.x % kRowThreads) * kRowRun;
#pragma unroll 1
  for (int v = int(threadIdx.x / kRowThreads); v < kPaddedY<height>; v += kLossThreads / kRowThreads) pass(u, v);
}

template <int height>
__global__ void __launch_bounds__(kLossThreads, kLossPartialsBlocks)
    loss_partials_kernel(const __grid_constant__ LossArgs a) {
  if (a.counts != nullptr && a.counts->overflow != 0) return;
  __shared__ union {
    Rows<height, 2, 4> rows;
    double2 scratch[kLossThreads];
  } memory;
  Rows<height, 2, 4>& rows = memory.rows;
  Share<height> share(a);
  share.span.read_mask(a.photo);
  const uint32_t written = in_register(a.partials != nullptr ? share.run.inside : 0u);
  CompensatedSum l1, ssim;

#pragma unroll 1
  for (int channel = int(blockIdx.z); channel < 3; channel += int(gridDim.z)) {
    float render[kReads<height>], target[kReads<height>];
    read_channel(a, channel, share.span, render, target);
    share.store(render, 0, rows);
    share.store(target, 1, rows);
    __syncthreads();
    for_runs<height>([&](int u, int v) {
      float p[kRowRun + 2 * kHalo], q[kRowRun + 2 * kHalo], sums[4][kRowRun] = {};
      rows.load_run(0, u, v, p);
      rows.load_run(1, u, v, q);
#pragma unroll
      for (int j = 0; j < kRowRun + 2 * kHalo; ++j) {
        add_windowed(p[j], j, sums[0]);
        add_windowed(q[j], j, sums[1]);
        add_windowed(fmaf(p[j], p[j], q[j] * q[j]), j, sums[2]);
        add_windowed(p[j] * q[j], j, sums[3]);
      }
      if (v >= kHalo && v < kHalo + height) {
#pragma unroll
        for (int k = 0; k < kRowRun; ++k) l1.add(fabsf(p[k + kHalo] - q[k + kHalo]));
      }
      __syncwarp();
#pragma unroll
      for (int s = 0; s < 4; ++s) rows.store_run(s, u, v, sums[s]);
    });
    __syncthreads();

    float mean[4][kColumnRun<height>];
#pragma unroll
    for (int s = 0; s < 4; ++s) rows.sum_columns(s, share.u, share.v, mean[s]);
    float* const d_mean = plane_of(a, a.partials, 3 * channel);
    float* const d_xx = plane_of(a, a.partials, 3 * channel + 1);
    float* const d_xy = plane_of(a, a.partials, 3 * channel + 2);
#pragma unroll
    for (int k = 0; k < kColumnRun<height>; ++k) {
      const auto terms = core::ssim_terms<float, UsualDivisors>(mean[0][k], mean[1][k], mean[2][k], mean[3][k]);
      const bool kept = (share.run.kept >> k & 1u) != 0;
      ssim.add(kept ? terms.value : 0.f);
      if ((written >> k & 1u) == 0) continue;
      d_mean[share.run.at(k)] = kept ? a.ssim_share * terms.d_mean : 0.f;
      d_xx[share.run.at(k)] = kept ? a.ssim_share * terms.d_xx : 0.f;
      d_xy[share.run.at(k)] = kept ? a.ssim_share * terms.d_xy : 0.f;
    }
    __syncthreads();
  }
  const double2 sum = block_sum(make_double2(l1.total(), ssim.total()), memory.scratch);
  if (threadIdx.x == 0) a.sums[(blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x] = sum;
}

// Computes the value, by one block: adds the blocks' sums in a fixed order.
__device__ __forceinline__ void write_value(const LossArgs& a, double2* scratch) {
  double2 sum = make_double2(0, 0);
  for (uint32_t b = threadIdx.x; b < a.blocks; b += kLossThreads) {
    sum.x += a.sums[b].x;
    sum.y += a.sums[b].y;
  }
  sum = block_sum(sum, scratch);
  if (threadIdx.x != 0) return;
  const double lambda = a.lambda_dssim;
  *a.value = a.values == 0 ? 0 : (1 - lambda) * sum.x / a.values + lambda * (1 - sum.y / a.values);
}

template <int height>
__global__ void __launch_bounds__(kLossThreads, kLossGradientBlocks)
    loss_gradient_kernel(const __grid_constant__ LossArgs a) {
  if (a.counts != nullptr && a.counts->overflow != 0) return;
  __shared__ union {
    Rows<height, 3, 3> rows;
    double2 scratch[kLossThreads];
  } memory;
  if (blockIdx.x + blockIdx.y + blockIdx.z == 0) {
    write_value(a, memory.scratch);
    __syncthreads();
  }
  Rows<height, 3, 3>& rows = memory.rows;
  const Share<height> share(a);

#pragma unroll 1
  for (int channel = int(blockIdx.z); channel < 3; channel += int(gridDim.z)) {
    float source[3][kReads<height>];
#pragma unroll
    for (int s = 0; s < 3; ++s)
      read_plane<kReads<height>>(plane_of(a, a.partials, 3 * channel + s), share.span, source[s]);
    if (share.span.inside != share.span.kAll) {
#pragma unroll
      for (int s = 0; s < 3; ++s) clear_outside(share.span, source[s]);
    }
#pragma unroll
    for (int s = 0; s < 3; ++s) share.store(source[s], s, rows);
    __syncthreads();
    for_runs<height>([&](int u, int v) {
      float sums[3][kRowRun] = {};
#pragma unroll
      for (int s = 0; s < 3; ++s) {
        float run[kRowRun + 2 * kHalo];
        rows.load_run(s, u, v, run);
#pragma unroll
        for (int j = 0; j < kRowRun + 2 * kHalo; ++j) add_windowed(run[j], j, sums[s]);
      }
      __syncwarp();
#pragma unroll
      for (int s = 0; s < 3; ++s) rows.store_run(s, u, v, sums[s]);
    });
    __syncthreads();

    float p[kColumnRun<height>], q[kColumnRun<height>], window[3][kColumnRun<height>];
    read_channel(a, channel, share.run, p, q);
#pragma unroll
    for (int s = 0; s < 3; ++s) rows.sum_columns(s, share.u, share.v, window[s]);
    float* const gradient = plane_of(a, a.gradient, channel);
#pragma unroll
    for (int k = 0; k < kColumnRun<height>; ++k) {
      if ((share.run.inside >> k & 1u) == 0) continue;
      const float sign = p[k] > q[k] ? a.l1_share : p[k] < q[k] ? -a.l1_share : 0.f;
      const float value = window[0][k] + fmaf(2.f * p[k], window[1][k], fmaf(q[k], window[2][k], sign));
      gradient[share.run.at(k)] = (share.run.kept >> k & 1u) != 0 ? value : 0.f;
    }
    __syncthreads();
  }
}

__global__ void __launch_bounds__(kLossThreads) loss_value_kernel(const __grid_constant__ LossArgs a) {
  if (a.counts != nullptr && a.counts->overflow != 0) return;
  __shared__ double2 scratch[kLossThreads];
  write_value(a, scratch);
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
