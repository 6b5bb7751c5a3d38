// See gaussians.h.
#include "gaussians.h"

#include <algorithm>

#include "../core/activations.h"
#include "../core/philox.h"

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

void CpuGaussians::set_linear_opacity(bool linear) {
  if (linear == layout_.linear_opacity) return;
  float* opacity = planes().plane(layout_.opacity());
  for (uint32_t i = 0; i < count_; ++i)
    opacity[i] = linear ? core::sigmoid(opacity[i]) : core::logit_of_linear(opacity[i]);
  layout_.linear_opacity = linear;
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

void gather(const RowEdit& edit, bool only_kept, float* plane, float* scratch) {
  for (uint32_t i = 0; i < edit.size(); ++i)
    scratch[i] = only_kept && !keeps_moments(edit.kinds[i]) ? 0.f : plane[edit.sources[i]];
  std::copy(scratch, scratch + edit.size(), plane);
}

void CpuGaussians::edit(const RowEdit& edit, uint32_t iteration, uint32_t round) {
  const Planes p = planes();
  Buffer<float> scratch(device_->ledger(), TAME_PURPOSE_OTHER, size_t(edit.size()) * device_->threads().size());
  device_->threads().run(uint32_t(layout_.planes()), [&](uint32_t k, uint32_t thread) {
    gather(edit, false, p.plane(int(k)), scratch.data() + size_t(thread) * edit.size());
  });
  for (uint32_t i = 0; i < edit.size(); ++i) {
    if (edit.kinds[i] == kThinRow || edit.kinds[i] == kThinCloneRow) {
      float& opacity = p.plane(layout_.opacity())[i];
      opacity = core::shared_opacity(layout_.linear_opacity, opacity);
    }
    if (edit.kinds[i] != kSplitRow && edit.kinds[i] != kSplitRow2) continue;
    float mean[3], scale[3], quat[4], unit[4], r[9];
    for (int k = 0; k < 3; ++k) mean[k] = p.plane(Layout::means() + k)[i];
    for (int k = 0; k < 3; ++k) scale[k] = core::exp(p.plane(layout_.log_scales() + k)[i]);
    for (int k = 0; k < 4; ++k) quat[k] = p.plane(layout_.quats() + k)[i];
    core::normalize(quat, unit);
    core::rotation(unit, r);
    const uint32_t part = 2 * round + (edit.kinds[i] == kSplitRow2 ? 1 : 0);
    core::child_mean(scale, r, core::philox(device_->seed, core::kDrawChildren, iteration, edit.sources[i], part),
                     mean);
    for (int k = 0; k < 3; ++k) p.plane(Layout::means() + k)[i] = mean[k];
    for (int k = 0; k < 3; ++k) p.plane(layout_.log_scales() + k)[i] -= core::kChildShrink;
  }
  count_ = edit.size();
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

uint64_t CpuGaussians::count_instances(const tame_camera& camera) {
  Rasterizer::Input input = {};
  input.parameters = planes();
  input.layout = layout_;
  input.count = count_;
  input.active_degree = layout_.sh_degree;
  input.camera = camera;
  return device_->rasterizer().count_instances(input);
}

std::shared_ptr<Gaussians> CpuDevice::make_gaussians(uint32_t capacity, uint32_t sh_degree) {
  return std::make_shared<CpuGaussians>(shared_from_this(), capacity, sh_degree);
}

}  // namespace tame::cpu
