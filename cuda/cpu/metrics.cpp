// Evaluation metrics in float64 throughout, and the training loss on caller images.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "../core/ssim.h"
#include "device.h"

namespace tame::cpu {

double CpuDevice::psnr(uint32_t width, uint32_t height, uint32_t channels, const float* a, const float* b) {
  const size_t row = size_t(width) * channels;
  Buffer<double> sums(ledger(), TAME_PURPOSE_IMAGES, height);
  threads_.run(height, [&](uint32_t y, uint32_t) {
    double sum = 0;
    for (size_t i = y * row; i < (y + 1) * row; ++i) sum += (double(a[i]) - b[i]) * (double(a[i]) - b[i]);
    sums[y] = sum;
  });
  double total = 0;
  for (uint32_t y = 0; y < height; ++y) total += sums[y];
  const double mse = total / (double(row) * height);
  return mse == 0 ? std::numeric_limits<double>::infinity() : -10 * std::log10(mse);
}

double CpuDevice::ssim(uint32_t width, uint32_t height, uint32_t channels, uint32_t padding, const float* a,
                       const float* b) {
  constexpr int kRadius = core::kWindowRadius, kStripe = 16, kQuantities = 5;
  double weights[2 * kRadius + 1], weight_sum = 0;
  // Normalised in float64; the float constants of core/ are rounded from these.
  for (int d = -kRadius; d <= kRadius; ++d) weight_sum += weights[d + kRadius] = std::exp(-d * d / (2 * 1.5 * 1.5));
  for (double& w : weights) w /= weight_sum;

  const int w = int(width), h = int(height), border = padding == TAME_PADDING_VALID ? kRadius : 0;
  const uint32_t stripes = (height + kStripe - 1) / kStripe;
  const size_t scratch = size_t(kStripe + 2 * kRadius) * kQuantities * width;
  Buffer<double> sums(ledger(), TAME_PURPOSE_IMAGES, size_t(stripes) * channels);
  Buffer<double> scratches(ledger(), TAME_PURPOSE_IMAGES, scratch * threads_.size());
  threads_.run(stripes * channels, [&](uint32_t item, uint32_t thread) {
    const int y0 = int(item / channels) * kStripe, y1 = std::min(y0 + kStripe, h);
    const uint32_t channel = item % channels;
    double* rows = scratches.data() + thread * scratch;
    const auto sum_at = [&](int y, int q) {
      return rows + (size_t(y - y0 + kRadius) * kQuantities + size_t(q)) * width;
    };
    for (int y = y0 - kRadius; y < y1 + kRadius; ++y) {
      std::fill_n(sum_at(y, 0), size_t(kQuantities) * width, 0.0);
      if (y < 0 || y >= h) continue;
      for (int x = 0; x < w; ++x)
        for (int d = std::max(-kRadius, -x); d <= std::min(kRadius, w - 1 - x); ++d) {
          const size_t at = (size_t(y) * width + size_t(x + d)) * channels + channel;
          const double u = a[at], v = b[at], weight = weights[d + kRadius];
          const double terms[kQuantities] = {u, v, u * u, v * v, u * v};
          for (int q = 0; q < kQuantities; ++q) sum_at(y, q)[x] += weight * terms[q];
        }
    }
    double sum = 0;
    for (int y = std::max(y0, border); y < std::min(y1, h - border); ++y)
      for (int x = border; x < w - border; ++x) {
        double mean[kQuantities] = {};
        for (int d = -kRadius; d <= kRadius; ++d)
          for (int q = 0; q < kQuantities; ++q) mean[q] += weights[d + kRadius] * sum_at(y + d, q)[x];
        sum += core::ssim_terms(mean[0], mean[1], mean[2] + mean[3], mean[4]).value;
      }
    sums[item] = sum;
  });
  double total = 0;
  for (uint32_t item = 0; item < stripes * channels; ++item) total += sums[item];
  return total / (double(w - 2 * border) * (h - 2 * border) * channels);
}

double CpuDevice::image_loss(uint32_t width, uint32_t height, float lambda_dssim, const float* a, const float* b,
                             float* gradient) {
  const PlaneShape shape = PlaneShape::of(width, height);
  Buffer<float> planes(ledger(), TAME_PURPOSE_IMAGES, 6 * shape.plane);
  float *first = planes.data(), *second = first + 3 * shape.plane;
  to_planes(shape, a, first);
  to_planes(shape, b, second);
  const double value = loss_.evaluate(shape, lambda_dssim, first, second, gradient != nullptr);
  if (gradient != nullptr) from_planes(shape, loss_.gradient(), gradient);
  return value;
}

}  // namespace tame::cpu
