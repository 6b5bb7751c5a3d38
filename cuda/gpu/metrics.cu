// Evaluation metrics in float64 throughout, one thread per pixel and channel, directly from the definitions; and the
// training loss on caller images.
#include <cmath>
#include <limits>
#include <vector>

#include "../core/ssim.h"
#include "device.h"
#include "images.cuh"

namespace tame::gpu {

namespace {

constexpr uint32_t kThreads = 256;
constexpr int kRadius = core::kWindowRadius;

struct Window {
  double weights[2 * kRadius + 1];
};

struct Pair {
  const float* a;
  const float* b;
  int width, height, channels;
  __device__ size_t at(int x, int y, int channel) const {
    return (size_t(y) * size_t(width) + size_t(x)) * size_t(channels) + size_t(channel);
  }
};

__device__ void add_block(double value, double* sums) {
  __shared__ double shared[kThreads];
  shared[threadIdx.x] = value;
  for (uint32_t step = kThreads / 2; step > 0; step /= 2) {
    __syncthreads();
    if (threadIdx.x < step) shared[threadIdx.x] += shared[threadIdx.x + step];
  }
  if (threadIdx.x == 0) sums[blockIdx.x] = shared[0];
}

__global__ void squared_error_kernel(const float* a, const float* b, size_t values, double* sums) {
  const size_t i = size_t(blockIdx.x) * kThreads + threadIdx.x;
  const double difference = i < values ? double(a[i]) - double(b[i]) : 0.0;
  add_block(difference * difference, sums);
}

__global__ void ssim_kernel(Pair p, Window window, int border, size_t values, double* sums) {
  const size_t i = size_t(blockIdx.x) * kThreads + threadIdx.x;
  double value = 0;
  if (i < values) {
    const int channel = int(i % size_t(p.channels)), x = int(i / size_t(p.channels) % size_t(p.width));
    const int y = int(i / size_t(p.channels) / size_t(p.width));
    if (x >= border && x < p.width - border && y >= border && y < p.height - border) {
      double mean[5] = {};
      for (int dy = max(-kRadius, -y); dy <= min(kRadius, p.height - 1 - y); ++dy)
        for (int dx = max(-kRadius, -x); dx <= min(kRadius, p.width - 1 - x); ++dx) {
          const size_t at = p.at(x + dx, y + dy, channel);
          const double u = p.a[at], v = p.b[at], w = window.weights[dx + kRadius] * window.weights[dy + kRadius];
          mean[0] += w * u;
          mean[1] += w * v;
          mean[2] += w * u * u;
          mean[3] += w * v * v;
          mean[4] += w * u * v;
        }
      value = core::ssim_terms(mean[0], mean[1], mean[2] + mean[3], mean[4]).value;
    }
  }
  add_block(value, sums);
}

// Uploads both images, runs launch(a, b, blocks, sums) over `values` threads and adds the blocks' sums in order.
template <class Launch>
double sum_over(GpuDevice& device, const float* a, const float* b, size_t values, const Launch& launch) {
  const uint32_t blocks = blocks_for(values, kThreads);
  DeviceBuffer<float> images(device.ledger(), TAME_PURPOSE_IMAGES, 2 * values);
  DeviceBuffer<double> sums(device.ledger(), TAME_PURPOSE_IMAGES, blocks);
  const float* host[2] = {a, b};
  for (int k = 0; k < 2; ++k)
    check(cudaMemcpyAsync(images.data() + size_t(k) * values, host[k], values * sizeof(float), cudaMemcpyHostToDevice,
                          device.stream()),
          "upload an image");
  launch(images.data(), images.data() + values, blocks, sums.data());
  check_launch("launch a metric");
  std::vector<double> parts(blocks);
  check(cudaMemcpyAsync(parts.data(), sums.data(), sums.bytes(), cudaMemcpyDeviceToHost, device.stream()),
        "download a metric");
  device.stream().wait();
  double total = 0;
  for (const double part : parts) total += part;
  return total;
}

}  // namespace

double GpuDevice::psnr(uint32_t width, uint32_t height, uint32_t channels, const float* a, const float* b) {
  return use([&] {
    const size_t values = size_t(width) * height * channels;
    const double total =
        sum_over(*this, a, b, values, [&](const float* u, const float* v, uint32_t blocks, double* sums) {
          squared_error_kernel<<<blocks, kThreads, 0, stream()>>>(u, v, values, sums);
        });
    return total == 0 ? std::numeric_limits<double>::infinity() : -10 * std::log10(total / double(values));
  });
}

double GpuDevice::ssim(uint32_t width, uint32_t height, uint32_t channels, uint32_t padding, const float* a,
                       const float* b) {
  return use([&] {
    Window window;
    double sum = 0;
    for (int d = -kRadius; d <= kRadius; ++d) sum += window.weights[d + kRadius] = std::exp(-d * d / (2 * 1.5 * 1.5));
    for (double& weight : window.weights) weight /= sum;
    const int border = padding == TAME_PADDING_VALID ? kRadius : 0;
    const size_t values = size_t(width) * height * channels;
    const double total =
        sum_over(*this, a, b, values, [&](const float* u, const float* v, uint32_t blocks, double* sums) {
          ssim_kernel<<<blocks, kThreads, 0, stream()>>>(Pair{u, v, int(width), int(height), int(channels)}, window,
                                                         border, values, sums);
        });
    return total / (double(int(width) - 2 * border) * (int(height) - 2 * border) * channels);
  });
}

double GpuDevice::image_loss(uint32_t width, uint32_t height, float lambda_dssim, const float* a, const float* b,
                             float* gradient) {
  return use([&] {
    const size_t pixels = size_t(width) * height, values = 3 * pixels;
    DeviceBuffer<float> interleaved(ledger(), TAME_PURPOSE_IMAGES, values);
    DeviceBuffer<float> planes(ledger(), TAME_PURPOSE_IMAGES, 2 * values);
    DeviceBuffer<double> value(ledger(), TAME_PURPOSE_IMAGES, 1);
    const float* host[2] = {a, b};
    for (int k = 0; k < 2; ++k) {
      check(cudaMemcpyAsync(interleaved.data(), host[k], interleaved.bytes(), cudaMemcpyHostToDevice, stream()),
            "upload an image");
      to_planes_kernel<<<blocks_for(pixels, kThreads), kThreads, 0, stream()>>>(interleaved.data(), pixels, 3,
                                                                                planes.data() + size_t(k) * values);
      check_launch("launch to_planes_kernel");
    }
    loss().reserve(width, height, gradient != nullptr);
    loss().evaluate(width, height, lambda_dssim, planes.data(), planes.data() + values, gradient != nullptr,
                    value.data());
    double result = 0;
    check(cudaMemcpyAsync(&result, value.data(), sizeof result, cudaMemcpyDeviceToHost, stream()), "download the loss");
    if (gradient != nullptr) {
      from_planes_kernel<<<blocks_for(pixels, kThreads), kThreads, 0, stream()>>>(loss().gradient(), pixels, 3,
                                                                                  interleaved.data());
      check_launch("launch from_planes_kernel");
      check(cudaMemcpyAsync(gradient, interleaved.data(), interleaved.bytes(), cudaMemcpyDeviceToHost, stream()),
            "download the loss's gradient");
    }
    stream().wait();
    return result;
  });
}

}  // namespace tame::gpu
