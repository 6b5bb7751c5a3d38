// Gaussians in planes of device memory.
#pragma once

#include "device.h"

namespace tame::gpu {

class GpuGaussians : public Gaussians {
 public:
  GpuGaussians(std::shared_ptr<GpuDevice> device, uint32_t capacity, uint32_t sh_degree);

  uint32_t count() const override { return count_; }
  uint32_t capacity() const override { return capacity_; }
  const Layout& layout() const override { return layout_; }
  Planes planes() const override { return {values_.data(), stride_}; }
  void set_linear_opacity(bool linear) override;
  void resize(uint32_t count) override;
  void upload(uint32_t field, uint32_t offset, uint32_t rows, const float* data) override;
  void download(uint32_t field, uint32_t offset, uint32_t rows, float* data) const override;
  void render(const tame_camera& camera, const float background[3], const ImageTarget& target) override;
  uint64_t count_instances(const tame_camera& camera) override;
  void edit(const RowEdit& edit, const std::vector<MovedPlane>& others) override;

  GpuDevice& device() { return *device_; }

 private:
  std::shared_ptr<GpuDevice> device_;
  const uint32_t capacity_;
  Layout layout_;
  const size_t stride_;
  uint32_t count_ = 0;
  DeviceBuffer<float> values_;
};

// Copies the image of a rasteriser's last forward pass to the caller's arrays. Waits.
void read_image(GpuDevice& device, const Rasterizer& rasterizer, uint32_t width, uint32_t height,
                const ImageTarget& target);

// Copies rows of `width` floats from or to planes, in chunks through a buffer of bounded size. plane_of[c] is the plane
// of column c, or -1 for zeros.
void rows_to_planes(GpuDevice& device, const float* rows, uint32_t count, uint32_t offset, const int* plane_of,
                    uint32_t width, Planes planes);
void planes_to_rows(GpuDevice& device, Planes planes, uint32_t count, uint32_t offset, const int* plane_of,
                    uint32_t width, float* rows);

}  // namespace tame::gpu
