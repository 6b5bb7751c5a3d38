// Gaussians in planes of host memory.
#pragma once

#include "device.h"

namespace tame::cpu {

class CpuGaussians : public Gaussians {
 public:
  CpuGaussians(std::shared_ptr<CpuDevice> device, uint32_t capacity, uint32_t sh_degree);

  uint32_t count() const override { return count_; }
  uint32_t capacity() const override { return capacity_; }
  uint32_t sh_degree() const override { return uint32_t(layout_.sh_degree); }
  bool linear_opacity() const override { return layout_.linear_opacity; }
  void set_linear_opacity(bool linear) override;
  void resize(uint32_t count) override;
  void upload(uint32_t field, uint32_t offset, uint32_t rows, const float* data) override;
  void download(uint32_t field, uint32_t offset, uint32_t rows, float* data) const override;
  void render(const tame_camera& camera, const float background[3], const ImageTarget& target) override;
  uint64_t count_instances(const tame_camera& camera) override;

  // Replaces the rows by those of the edit; the trainer's other state follows by gather().
  void edit(const RowEdit& edit, uint32_t iteration, uint32_t round);

  CpuDevice& device() { return *device_; }
  const Layout& layout() const { return layout_; }
  Planes planes() { return {values_.data(), stride_}; }

 private:
  std::shared_ptr<CpuDevice> device_;
  const uint32_t capacity_;
  Layout layout_;
  const size_t stride_;
  uint32_t count_ = 0;
  Buffer<float> values_;
};

// Row i of the plane becomes row edit.sources[i] of the old one; only_kept: 0 in new rows. scratch: edit.size() floats.
void gather(const RowEdit& edit, bool only_kept, float* plane, float* scratch);

}  // namespace tame::cpu
