// See gaussians.h.
#include "gaussians.h"

#include <algorithm>

namespace tame::cpu {

CpuGaussians::CpuGaussians(std::shared_ptr<CpuDevice> device, uint32_t capacity, uint32_t sh_degree)
    : device_(std::move(device)),
      capacity_(capacity),
      layout_{int(sh_degree)},
      stride_(round_up(capacity, kRowPadding)),
      values_(device_->ledger(), TAME_PURPOSE_PARAMETERS, stride_ * size_t(layout_.planes())) {
  values_.zero();
}

void CpuGaussians::resize(uint32_t count) {
  for (uint32_t i = count_; i < count; ++i)
    for (int k = 0; k < layout_.planes(); ++k) planes().plane(k)[i] = k == layout_.quats() ? 1.f : 0.f;
  count_ = count;
}

void CpuGaussians::upload(uint32_t field, uint32_t offset, uint32_t rows, const float* data) {
  int row[kMaxColumns];
  const uint32_t width = row_planes(layout_, field, row);
  for (uint32_t c = 0; c < width; ++c) {
    if (row[c] < 0) continue;
    float* plane = planes().plane(row[c]) + offset;
    for (uint32_t i = 0; i < rows; ++i) plane[i] = data[size_t(i) * width + c];
  }
}

void CpuGaussians::download(uint32_t field, uint32_t offset, uint32_t rows, float* data) const {
  int row[kMaxColumns];
  const uint32_t width = row_planes(layout_, field, row);
  for (uint32_t c = 0; c < width; ++c) {
    const float* plane = row[c] < 0 ? nullptr : values_.data() + size_t(row[c]) * stride_ + offset;
    for (uint32_t i = 0; i < rows; ++i) data[size_t(i) * width + c] = plane == nullptr ? 0.f : plane[i];
  }
}

void CpuGaussians::render(const tame_camera& camera, const float background[3], const ImageTarget& target) {
  Rasterizer::Input input;
  input.parameters = planes();
  input.layout = layout_;
  input.count = count_;
  input.active_degree = layout_.sh_degree;
  input.camera = camera;
  std::copy(background, background + 3, input.background);
  device_->rasterizer().forward(input, target.depth != nullptr);
  const bool bytes = target.format != TAME_FORMAT_F32;
  device_->rasterizer().read({bytes ? nullptr : static_cast<float*>(target.image),
                              bytes ? static_cast<uint8_t*>(target.image) : nullptr,
                              target.format == TAME_FORMAT_RGBA8 ? 4u : 3u, target.alpha, target.depth});
}

std::shared_ptr<Gaussians> CpuDevice::make_gaussians(uint32_t capacity, uint32_t sh_degree) {
  return std::make_shared<CpuGaussians>(shared_from_this(), capacity, sh_degree);
}

}  // namespace tame::cpu
