// The differentiable rasteriser on caller arrays: it has its own Gaussians and rasteriser, kept for the backward pass.
#include <algorithm>

#include "gaussians.h"

namespace tame::cpu {

namespace {

class CpuRasterization : public Rasterization {
 public:
  CpuRasterization(std::shared_ptr<CpuDevice> device, const SplatArrays& splats, const tame_camera& camera,
                   const float background[3], const ImageTarget& target)
      : device_(std::move(device)),
        gaussians_(device_, splats.count, splats.sh_degree),
        rasterizer_(device_->ledger(), device_->threads(), device_->kernels(), device_->profile()),
        d_image_(device_->ledger(), TAME_PURPOSE_IMAGES),
        d_alpha_(device_->ledger(), TAME_PURPOSE_IMAGES),
        gradients_(device_->ledger(), TAME_PURPOSE_OTHER) {
    gaussians_.resize(splats.count);
    gaussians_.upload(TAME_PARAMETER_MEANS, 0, splats.count, splats.means);
    gaussians_.upload(TAME_PARAMETER_LOG_SCALES, 0, splats.count, splats.log_scales);
    gaussians_.upload(TAME_PARAMETER_QUATS, 0, splats.count, splats.quats);
    gaussians_.upload(TAME_PARAMETER_OPACITIES, 0, splats.count, splats.opacities);
    gaussians_.upload(TAME_FIELD_SH, 0, splats.count, splats.sh);
    Rasterizer::Input input;
    input.parameters = gaussians_.planes();
    input.layout = gaussians_.layout();
    input.count = splats.count;
    input.active_degree = int(splats.sh_degree);
    input.camera = camera;
    std::copy(background, background + 3, input.background);
    rasterizer_.forward(input, target.depth != nullptr);
    rasterizer_.read({static_cast<float*>(target.image), nullptr, 3, target.alpha, target.depth});
  }

  uint32_t count() const override { return gaussians_.count(); }
  uint32_t sh_degree() const override { return gaussians_.sh_degree(); }
  uint32_t width() const override { return rasterizer_.shape().width; }
  uint32_t height() const override { return rasterizer_.shape().height; }

  void backward(const float* d_image, const float* d_alpha, const SplatGradients& out) override {
    const PlaneShape& shape = rasterizer_.shape();
    d_image_.reserve(3 * shape.plane);
    to_planes(shape, d_image, d_image_.data());
    if (d_alpha != nullptr) {
      d_alpha_.reserve(shape.plane);
      for (uint32_t y = 0; y < shape.height; ++y) {
        float* row = d_alpha_.data() + y * shape.row;
        std::copy(d_alpha + size_t(y) * shape.width, d_alpha + size_t(y + 1) * shape.width, row);
        std::fill(row + shape.width, row + shape.row, 0.f);
      }
    }
    rasterizer_.backward(d_image_.data(), d_alpha != nullptr ? d_alpha_.data() : nullptr);

    const Layout& layout = gaussians_.layout();
    const size_t stride = gaussians_.planes().stride;
    const int mean2 = layout.planes() + int(kDensityPlanes);
    gradients_.reserve(stride * size_t(mean2 + 2));
    OptimizeArgs args = rasterizer_.optimize_args();
    args.gradients_to = {gradients_.data(), stride};
    args.mean2_to = args.gradients_to.plane(mean2);
    rasterizer_.optimize(args);

    const auto interleave = [&](int first, int last, float* to) {
      const uint32_t width = uint32_t(last - first);
      for (uint32_t c = 0; c < width; ++c)
        for (uint32_t i = 0; i < count(); ++i) to[size_t(i) * width + c] = args.gradients_to.plane(first + int(c))[i];
    };
    interleave(Layout::means(), Layout::means() + 3, out.means);
    interleave(layout.log_scales(), layout.quats(), out.log_scales);
    interleave(layout.quats(), layout.planes(), out.quats);
    interleave(layout.opacity(), layout.log_scales(), out.opacities);
    interleave(Layout::sh(), layout.opacity(), out.sh);
    interleave(mean2, mean2 + 2, out.means2d);
  }

  void radii(int32_t* out) const override {
    for (uint32_t i = 0; i < gaussians_.count(); ++i) out[i] = int32_t(rasterizer_.radii()[i]);
  }

 private:
  std::shared_ptr<CpuDevice> device_;
  CpuGaussians gaussians_;
  Rasterizer rasterizer_;
  Buffer<float> d_image_, d_alpha_, gradients_;
};

}  // namespace

std::shared_ptr<Rasterization> CpuDevice::rasterize(const SplatArrays& splats, const tame_camera& camera,
                                                    const float background[3], const ImageTarget& target) {
  return std::make_shared<CpuRasterization>(shared_from_this(), splats, camera, background, target);
}

}  // namespace tame::cpu
