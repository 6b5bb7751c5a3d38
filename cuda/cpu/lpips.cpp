// LPIPS (Zhang et al. 2018) on the CPU.
#include "../abi/lpips.h"

#include <algorithm>
#include <optional>

#include "../core/lpips.h"
#include "device.h"

namespace tame::cpu {

namespace {

constexpr uint64_t kBandFloats = 32u << 20;  // of features, both images: 128 MiB
constexpr uint32_t kSlack = 8;               // floats past the last row, which a vector may read

class CpuLpips : public Lpips, private LpipsSteps {
 public:
  CpuLpips(std::shared_ptr<CpuDevice> device, uint32_t net, const float* weights)
      : device_(std::move(device)),
        net_(lpips_net(net)),
        weights_(device_->ledger(), TAME_PURPOSE_OTHER, net_.weights),
        places_(net_, weights_.data()),
        features_(device_->ledger(), TAME_PURPOSE_IMAGES),
        scratch_(device_->ledger(), TAME_PURPOSE_IMAGES),
        sums_(device_->ledger(), TAME_PURPOSE_IMAGES) {
    std::copy(weights, weights + net_.weights, weights_.data());
    const LpipsWeights given(net_, weights);
    uint32_t most_outputs = 0;
    for (uint32_t l = 0; l < net_.count; ++l) {
      if (net_.layers[l].pool) continue;
      most_outputs = std::max(most_outputs, net_.layers[l].out);
      interleave(net_.layers[l], given.layers[l].weights, weights_.data() + (given.layers[l].weights - weights));
    }
    thread_scratch_ = lpips_scratch_floats(most_outputs);
    scratch_.assign(thread_scratch_ * device_->threads().size());
  }

  double distance(uint32_t width, uint32_t height, uint32_t range, const float* a, const float* b) override {
    plan_.emplace(net_, width, height, kBandFloats);
    features_.assign(2 * plan_->image_floats() + kSlack);
    sums_.assign(plan_->sums());
    images_[0] = a;
    images_[1] = b;
    range_ = range;
    walk_lpips(net_, *plan_, *this);
    return plan_->distance(sums_.data());
  }

 private:
  // [out / 4][depth][4]: the order in which lpips_multiply reads.
  static void interleave(const LpipsLayer& layer, const float* from, float* to) {
    const uint64_t depth = layer.depth();
    for (uint64_t o = 0; o < layer.out; ++o)
      for (uint64_t k = 0; k < depth; ++k)
        to[o / kLpipsOutputs * kLpipsOutputs * depth + k * kLpipsOutputs + o % kLpipsOutputs] = from[o * depth + k];
  }

  float* features(uint32_t buffer) { return features_.data() + plan_->rows(buffer).offset; }

  void scale(uint32_t first, uint32_t last) override {
    const LpipsRows& rows = plan_->rows(0);
    device_->threads().run(2 * (last - first), [&](uint32_t item, uint32_t) {
      const uint32_t image = item % 2, y = first + item / 2;
      const float* from = images_[image] + 3 * size_t(y) * rows.width;
      float* to = features(0) + image * plan_->image_floats() + size_t(y % rows.capacity) * rows.width;
      for (uint32_t c = 0; c < 3; ++c, to += size_t(rows.capacity) * rows.width)
        for (uint32_t x = 0; x < rows.width; ++x)
          to[x] = core::lpips_input(from[3 * x + c], int(c), range_ == TAME_LPIPS_SIGNED);
    });
  }

  void convolve(uint32_t l, uint32_t first, uint32_t last) override {
    const LpipsLayer& layer = net_.layers[l];
    const LpipsRows &in = plan_->rows(l), &out = plan_->rows(l + 1);
    const LpipsConvolveArgs args = {features(l),
                                    features(l + 1),
                                    layer.in,
                                    layer.out,
                                    layer.kernel,
                                    layer.stride,
                                    layer.pad,
                                    in.width,
                                    in.height,
                                    in.capacity,
                                    out.width,
                                    out.capacity,
                                    size_t(plan_->image_floats()),
                                    first,
                                    last - first,
                                    places_.layers[l].weights,
                                    places_.layers[l].bias};
    device_->threads().run(lpips_tiles(args.rows, args.out_width), [&](uint32_t tile, uint32_t thread) {
      device_->kernels().lpips_convolve(args, tile, scratch_.data() + thread * thread_scratch_);
    });
  }

  void pool(uint32_t l, uint32_t first, uint32_t last) override {
    const LpipsLayer& layer = net_.layers[l];
    const LpipsRows &in = plan_->rows(l), &out = plan_->rows(l + 1);
    device_->threads().run(2 * layer.out, [&](uint32_t item, uint32_t) {
      const size_t image = item % 2 * plan_->image_floats(), channel = item / 2;
      const float* from = features(l) + image + channel * in.capacity * in.width;
      float* to = features(l + 1) + image + channel * out.capacity * out.width;
      for (uint32_t y = first; y < last; ++y) {
        float* row = to + size_t(y % out.capacity) * out.width;
        for (uint32_t ky = 0; ky < layer.kernel; ++ky) {
          const float* source = from + size_t((y * layer.stride + ky) % in.capacity) * in.width;
          for (uint32_t x = 0; x < out.width; ++x) {
            float most = ky == 0 ? source[x * layer.stride] : row[x];
            for (uint32_t kx = 0; kx < layer.kernel; ++kx) most = std::max(most, source[x * layer.stride + kx]);
            row[x] = most;
          }
        }
      }
    });
  }

  void compare(uint32_t l, uint32_t first, uint32_t last) override {
    const LpipsRows& rows = plan_->rows(l + 1);
    const uint32_t tap = uint32_t(net_.layers[l].tap);
    const LpipsCompareArgs args = {
        features(l + 1),     size_t(plan_->image_floats()),        rows.channels, rows.width, rows.capacity, first,
        places_.linear[tap], sums_.data() + plan_->sum_offset(tap)};
    device_->threads().run(last - first, [&](uint32_t row, uint32_t) { device_->kernels().lpips_compare(args, row); });
  }

  const std::shared_ptr<CpuDevice> device_;
  const LpipsNet& net_;
  Buffer<float> weights_;  // as given, except that those of the convolutions are interleaved
  const LpipsWeights places_;
  Buffer<float> features_, scratch_;
  Buffer<double> sums_;
  size_t thread_scratch_ = 0;
  std::optional<LpipsPlan> plan_;
  const float* images_[2] = {};
  uint32_t range_ = 0;
};

}  // namespace

std::shared_ptr<Lpips> CpuDevice::make_lpips(uint32_t net, const float* weights) {
  return std::make_shared<CpuLpips>(shared_from_this(), net, weights);
}

}  // namespace tame::cpu
