// See gaussians.h.
#include "gaussians.h"

#include <algorithm>

#include "../abi/fields.h"
#include "../core/activations.h"
#include "../core/rows.h"

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
  const std::vector<int> row = row_planes(layout_, field);
  const uint32_t width = uint32_t(row.size());
  for (uint32_t c = 0; c < width; ++c) {
    if (row[c] < 0) continue;
    float* plane = planes().plane(row[c]) + offset;
    for (uint32_t i = 0; i < rows; ++i) plane[i] = data[size_t(i) * width + c];
  }
}

void CpuGaussians::download(uint32_t field, uint32_t offset, uint32_t rows, float* data) const {
  const std::vector<int> row = row_planes(layout_, field);
  const uint32_t width = uint32_t(row.size());
  for (uint32_t c = 0; c < width; ++c) {
    const float* plane = row[c] < 0 ? nullptr : values_.data() + size_t(row[c]) * stride_ + offset;
    for (uint32_t i = 0; i < rows; ++i) data[size_t(i) * width + c] = plane == nullptr ? 0.f : plane[i];
  }
}

void CpuGaussians::edit(const RowEdit& edit, const std::vector<MovedPlane>& others) {
  const Planes p = planes();
  std::vector<MovedPlane> moved = others;
  for (int k = 0; k < layout_.planes(); ++k) moved.push_back({p.plane(k), false});
  Threads& threads = device_->threads();
  Buffer<uint32_t> scratch(device_->ledger(), TAME_PURPOSE_OTHER, size_t(edit.size()) * threads.size());
  threads.run(uint32_t(moved.size()), [&](uint32_t k, uint32_t thread) {
    uint32_t* const out = scratch.data() + size_t(thread) * edit.size();
    uint32_t* const plane = static_cast<uint32_t*>(moved[k].at);
    for (uint32_t i = 0; i < edit.size(); ++i)
      out[i] = moved[k].only_kept && !edit.keeps_moments(i) ? 0 : plane[edit.sources[i]];
    std::copy(out, out + edit.size(), plane);
  });
  for (uint32_t i = 0; i < edit.size(); ++i)
    core::change_row(p, layout_, i, edit.table.roles[edit.roles[i]], edit.shares_of(i), device_->seed, edit.iteration,
                     edit.round, edit.sources[i]);
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
