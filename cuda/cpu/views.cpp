// See views.h.
#include "views.h"

namespace tame::cpu {

CpuViews::CpuViews(std::shared_ptr<CpuDevice> device, uint32_t count) : device_(std::move(device)) {
  views_.reserve(count);
  for (uint32_t i = 0; i < count; ++i) views_.push_back({{}, Buffer<uint8_t>(device_->ledger(), TAME_PURPOSE_PHOTOS)});
}

void CpuViews::set(uint32_t index, const tame_camera& camera, const uint8_t* rgb) {
  View& view = views_[index];
  const size_t bytes = size_t(camera.width) * camera.height * 3;
  view.pixels.assign(bytes);
  view.camera = camera;
  std::memcpy(view.pixels.data(), rgb, bytes);
}

std::shared_ptr<Views> CpuDevice::make_views(uint32_t count, uint32_t) {
  return std::make_shared<CpuViews>(shared_from_this(), count);
}

}  // namespace tame::cpu
