// Gaussians in planes of host memory.
#pragma once

#include "device.h"

namespace tame::cpu {

class CpuGaussians : public Gaussians {
 public:
  CpuGaussians(std::shared_ptr<CpuDevice> device, uint32_t capacity, uint32_t sh_degree);

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

  CpuDevice& device() { return *device_; }

 private:
  std::shared_ptr<CpuDevice> device_;
  const uint32_t capacity_;
  Layout layout_;
  const size_t stride_;
  uint32_t count_ = 0;
  mutable Buffer<float> values_;
};

}  // namespace tame::cpu
