// LPIPS (Zhang et al. 2018) on the GPU.
#include <algorithm>
#include <optional>
#include <vector>

#include "../abi/lpips.h"
#include "device.h"
#include "lpips.cuh"

namespace tame::gpu {

namespace {

constexpr uint64_t kBandFloats = 128u << 20;  // of features, both images: 512 MiB

uint64_t padded(uint32_t channels) {
  return (channels + kLpipsDepth - 1) / kLpipsDepth * kLpipsDepth;
}

// Floats of a layer's packed weights and biases.
uint64_t packed_floats(const LpipsLayer& layer) {
  return layer.pool ? 0 : layer.kernel * layer.kernel * padded(layer.in) * layer.out + layer.out;
}

uint64_t packed_floats(const LpipsNet& net) {
  uint64_t floats = 0;
  for (uint32_t l = 0; l < net.count; ++l)
    floats += packed_floats(net.layers[l]) + (net.layers[l].tap < 0 ? 0 : net.layers[l].out);
  return floats;
}

class GpuLpips : public Lpips, private LpipsSteps {
 public:
  // Call with the device current.
  GpuLpips(std::shared_ptr<GpuDevice> device, uint32_t net, const float* weights)
      : device_(std::move(device)),
        net_(lpips_net(net)),
        weights_(device_->ledger(), TAME_PURPOSE_OTHER, packed_floats(net_)),
        colors_(device_->ledger(), TAME_PURPOSE_IMAGES),
        features_(device_->ledger(), TAME_PURPOSE_IMAGES),
        sums_(device_->ledger(), TAME_PURPOSE_IMAGES) {
    const LpipsWeights given(net_, weights);
    std::vector<float> packed(weights_.size());
    float* to = packed.data();
    const auto place = [&] { return weights_.data() + (to - packed.data()); };
    for (uint32_t l = 0; l < net_.count; ++l) {
      places_.push_back(place());
      if (!net_.layers[l].pool) pack(net_.layers[l], given.layers[l], to);
      to += packed_floats(net_.layers[l]);
    }
    for (uint32_t l = 0; l < net_.count; ++l) {
      const LpipsLayer& layer = net_.layers[l];
      if (layer.tap < 0) continue;
      linear_[layer.tap] = place();
      to = std::copy(given.linear[layer.tap], given.linear[layer.tap] + layer.out, to);
    }
    check(cudaMemcpyAsync(weights_.data(), packed.data(), weights_.bytes(), cudaMemcpyHostToDevice, device_->stream()),
          "upload LPIPS weights");
    device_->stream().wait();
  }

  double distance(uint32_t width, uint32_t height, uint32_t range, const float* a, const float* b) override {
    return device_->use([&] {
      const cudaStream_t stream = device_->stream();
      const size_t values = 3 * size_t(width) * height;
      plan_.emplace(net_, width, height, kBandFloats);
      colors_.assign(2 * values);
      features_.assign(2 * plan_->image_floats());
      sums_.assign(plan_->sums());
      range_ = range;
      const float* images[2] = {a, b};
      for (size_t k = 0; k < 2; ++k)
        check(cudaMemcpyAsync(colors_.data() + k * values, images[k], values * sizeof(float), cudaMemcpyHostToDevice,
                              stream),
              "upload an image");
      walk_lpips(net_, *plan_, *this);
      std::vector<double> sums(sums_.size());
      check(cudaMemcpyAsync(sums.data(), sums_.data(), sums_.bytes(), cudaMemcpyDeviceToHost, stream),
            "download a distance");
      device_->stream().wait();
      return plan_->distance(sums.data());
    });
  }

 private:
  // [row][column][padded in][out], then the biases.
  static void pack(const LpipsLayer& layer, const LpipsParameters& from, float* to) {
    const uint64_t square = uint64_t(layer.kernel) * layer.kernel, in = padded(layer.in);
    for (uint64_t o = 0; o < layer.out; ++o)
      for (uint64_t c = 0; c < layer.in; ++c)
        for (uint64_t k = 0; k < square; ++k)
          to[(k * in + c) * layer.out + o] = from.weights[(o * layer.in + c) * square + k];
    std::copy(from.bias, from.bias + layer.out, to + square * in * layer.out);
  }

  LpipsFeatures features(uint32_t buffer) const {
    const LpipsRows& rows = plan_->rows(buffer);
    return {features_.data() + rows.offset,
            size_t(plan_->image_floats()),
            int(rows.channels),
            int(rows.width),
            int(rows.height),
            int(rows.capacity)};
  }

  void scale(uint32_t first, uint32_t last) override {
    const LpipsFeatures out = features(0);
    const uint64_t pixels = 2 * uint64_t(last - first) * uint64_t(out.width);
    lpips_input_kernel<<<blocks_for(pixels, kLpipsThreads), kLpipsThreads, 0, device_->stream()>>>(
        colors_.data(), out, int(first), int(last - first), range_ == TAME_LPIPS_SIGNED);
    check_launch("launch lpips_input_kernel");
  }

  void convolve(uint32_t l, uint32_t first, uint32_t last) override {
    const LpipsLayer& layer = net_.layers[l];
    const float* bias = places_[l] + packed_floats(layer) - layer.out;
    const LpipsConvolveArgs args = {
        features(l), features(l + 1),   int(layer.kernel),     int(layer.stride), int(layer.pad),
        int(first),  int(last - first), int(padded(layer.in)), places_[l],        bias};
    const uint32_t blocks = blocks_for(2 * uint64_t(last - first) * uint64_t(args.out.width), kLpipsPixels);
    if (layer.out % 128 == 0)
      lpips_convolve_kernel<128><<<dim3(blocks, layer.out / 128), 256, 0, device_->stream()>>>(args);
    else
      lpips_convolve_kernel<64><<<dim3(blocks, layer.out / 64), 128, 0, device_->stream()>>>(args);
    check_launch("launch lpips_convolve_kernel");
  }

  void pool(uint32_t l, uint32_t first, uint32_t last) override {
    const LpipsLayer& layer = net_.layers[l];
    const LpipsFeatures out = features(l + 1);
    const uint64_t values = 2 * uint64_t(layer.out) * (last - first) * uint64_t(out.width);
    lpips_pool_kernel<<<blocks_for(values, kLpipsThreads), kLpipsThreads, 0, device_->stream()>>>(
        features(l), out, int(layer.kernel), int(layer.stride), int(first), int(last - first));
    check_launch("launch lpips_pool_kernel");
  }

  void compare(uint32_t l, uint32_t first, uint32_t last) override {
    const uint32_t tap = uint32_t(net_.layers[l].tap);
    lpips_compare_kernel<<<last - first, kLpipsThreads, 0, device_->stream()>>>(
        features(l + 1), linear_[tap], int(first), sums_.data() + plan_->sum_offset(tap));
    check_launch("launch lpips_compare_kernel");
  }

  const std::shared_ptr<GpuDevice> device_;
  const LpipsNet& net_;
  DeviceBuffer<float> weights_;
  std::vector<const float*> places_;  // of each layer's packed weights
  const float* linear_[kLpipsTaps] = {};
  DeviceBuffer<float> colors_, features_;
  DeviceBuffer<double> sums_;
  std::optional<LpipsPlan> plan_;
  uint32_t range_ = 0;
};

}  // namespace

std::shared_ptr<Lpips> GpuDevice::make_lpips(uint32_t net, const float* weights) {
  return use([&] { return std::make_shared<GpuLpips>(shared_from_this(), net, weights); });
}

}  // namespace tame::gpu
