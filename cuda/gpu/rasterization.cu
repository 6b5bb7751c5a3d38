// The differentiable rasteriser on caller arrays: it has its own Gaussians and rasteriser, kept for the backward pass.
#include <algorithm>

#include "../core/sh.h"
#include "gaussians.h"
#include "images.cuh"

namespace tame::gpu {

namespace {

constexpr uint32_t kThreads = 256;

__global__ void radii_kernel(const float* radii, uint32_t count, int32_t* out) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) out[i] = int32_t(radii[i]);
}

class GpuRasterization : public Rasterization {
 public:
  GpuRasterization(std::shared_ptr<GpuDevice> device, const SplatArrays& splats, const tame_camera& camera,
                   const float background[3], const ImageTarget& target)
      : device_(std::move(device)),
        gaussians_(device_, splats.count, splats.sh_degree),
        rasterizer_(device_->ledger(), device_->stream(), device_->profile()),
        width_(camera.width),
        height_(camera.height) {
    gaussians_.resize(splats.count);
    gaussians_.upload(TAME_PARAMETER_MEANS, 0, splats.count, splats.means);
    gaussians_.upload(TAME_PARAMETER_LOG_SCALES, 0, splats.count, splats.log_scales);
    gaussians_.upload(TAME_PARAMETER_QUATS, 0, splats.count, splats.quats);
    gaussians_.upload(TAME_PARAMETER_OPACITIES, 0, splats.count, splats.opacities);
    gaussians_.upload(TAME_FIELD_SH, 0, splats.count, splats.sh);
    RasterInput input = {gaussians_.planes(),   gaussians_.layout(),       splats.count,
                         int(splats.sh_degree), core::camera_from(camera), {}};
    std::copy(background, background + 3, input.background);
    rasterizer_.forward_and_wait(input, target.depth != nullptr, true);
    read_image(*device_, rasterizer_, width_, height_, target);
  }

  uint32_t count() const override { return gaussians_.count(); }
  uint32_t sh_degree() const override { return gaussians_.sh_degree(); }
  uint32_t width() const override { return width_; }
  uint32_t height() const override { return height_; }

  void backward(const float* d_image, const float* d_alpha, const SplatGradients& out) override {
    device_->use([&] { backward_here(d_image, d_alpha, out); });
  }

  void radii(int32_t* out) const override {
    if (count() == 0) return;
    device_->use([&] {
      DeviceBuffer<int32_t> whole(device_->ledger(), TAME_PURPOSE_OTHER, count());
      radii_kernel<<<blocks_for(count(), kThreads), kThreads, 0, device_->stream()>>>(rasterizer_.radii(), count(),
                                                                                      whole.data());
      check_launch("launch radii_kernel");
      check(cudaMemcpyAsync(out, whole.data(), whole.bytes(), cudaMemcpyDeviceToHost, device_->stream()),
            "download radii");
      device_->stream().wait();
    });
  }

 private:
  void backward_here(const float* d_image, const float* d_alpha, const SplatGradients& out) {
    const cudaStream_t stream = device_->stream();
    const size_t pixels = size_t(width_) * height_;
    DeviceBuffer<float> interleaved(device_->ledger(), TAME_PURPOSE_IMAGES, 3 * pixels);
    DeviceBuffer<float> planes(device_->ledger(), TAME_PURPOSE_IMAGES, 3 * pixels);
    DeviceBuffer<float> alpha(device_->ledger(), TAME_PURPOSE_IMAGES, d_alpha != nullptr ? pixels : 0);
    check(cudaMemcpyAsync(interleaved.data(), d_image, interleaved.bytes(), cudaMemcpyHostToDevice, stream),
          "upload the image's gradient");
    to_planes_kernel<<<blocks_for(pixels, kThreads), kThreads, 0, stream>>>(interleaved.data(), pixels, 3,
                                                                            planes.data());
    check_launch("launch to_planes_kernel");
    if (d_alpha != nullptr)
      check(cudaMemcpyAsync(alpha.data(), d_alpha, alpha.bytes(), cudaMemcpyHostToDevice, stream),
            "upload alpha's gradient");
    rasterizer_.backward(planes.data(), d_alpha != nullptr ? alpha.data() : nullptr);

    const Layout& layout = gaussians_.layout();
    const Planes parameters = gaussians_.planes();
    const int mean2 = layout.planes() + int(kDensityPlanes);
    DeviceBuffer<float> gradients(device_->ledger(), TAME_PURPOSE_OTHER, parameters.stride * size_t(mean2 + 2));
    OptimizeArgs args = rasterizer_.optimize_args();
    args.gradients_to = {gradients.data(), parameters.stride};
    args.mean2_to = args.gradients_to.plane(mean2);
    rasterizer_.optimize(args);

    const auto fetch = [&](int first, int last, float* to) {
      int plane_of[3 * core::kMaxShCoefficients];
      for (int k = first; k < last; ++k) plane_of[k - first] = k;
      planes_to_rows(*device_, args.gradients_to, count(), 0, plane_of, uint32_t(last - first), to);
    };
    fetch(Layout::means(), Layout::means() + 3, out.means);
    fetch(layout.log_scales(), layout.quats(), out.log_scales);
    fetch(layout.quats(), layout.planes(), out.quats);
    fetch(layout.opacity(), layout.log_scales(), out.opacities);
    fetch(Layout::sh(), layout.opacity(), out.sh);
    fetch(mean2, mean2 + 2, out.means2d);
    device_->stream().wait();
  }

  std::shared_ptr<GpuDevice> device_;
  GpuGaussians gaussians_;
  Rasterizer rasterizer_;
  const uint32_t width_, height_;
};

}  // namespace

std::shared_ptr<Rasterization> GpuDevice::rasterize(const SplatArrays& splats, const tame_camera& camera,
                                                    const float background[3], const ImageTarget& target) {
  return use(
      [&] { return std::make_shared<GpuRasterization>(shared_from_this(), splats, camera, background, target); });
}

}  // namespace tame::gpu
