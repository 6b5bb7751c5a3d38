// See views.h.
#include "views.h"

#include <algorithm>

namespace tame::cpu {

CpuViews::CpuViews(std::shared_ptr<CpuDevice> device, uint32_t count) : device_(std::move(device)) {
  views_.reserve(count);
  Ledger& ledger = device_->ledger();
  for (uint32_t i = 0; i < count; ++i)
    views_.push_back({{}, {ledger, TAME_PURPOSE_PHOTOS}, {ledger, TAME_PURPOSE_PHOTOS}, {ledger, TAME_PURPOSE_PHOTOS}});
}

void CpuViews::set(uint32_t index, const tame_camera& camera, const PhotoBytes& photo) {
  View& view = views_[index];
  const size_t count = size_t(camera.width) * camera.height, bytes = count * photo.channels;
  view.pixels.assign(bytes + (photo.mask != nullptr ? count : 0));
  view.camera = camera;
  view.channels = photo.channels;
  view.kept = photo.kept;
  std::copy_n(photo.pixels, bytes, view.pixels.data());
  if (photo.mask != nullptr) std::copy_n(photo.mask, count, view.pixels.data() + bytes);
}

void CpuViews::clear(uint32_t index) {
  views_[index].pixels.assign(0);
}

void CpuViews::set_depths(uint32_t index, const TiledDepths& depths) {
  View& view = views_[index];
  view.depth_tiles.assign(0);
  view.depth_points.assign(depths.points.size());
  view.depth_tiles.assign(depths.tiles.size());
  std::copy(depths.points.begin(), depths.points.end(), view.depth_points.data());
  std::copy(depths.tiles.begin(), depths.tiles.end(), view.depth_tiles.data());
}

Photo CpuViews::View::photo(const float background[3]) const {
  const size_t bytes = size_t(camera.width) * camera.height * channels;
  const uint8_t* mask = pixels.size() > bytes ? pixels.data() + bytes : nullptr;
  return {pixels.data(), mask, channels, kept, {background[0], background[1], background[2]}};
}

std::shared_ptr<Views> CpuDevice::make_views(uint32_t count, uint32_t) {
  return std::make_shared<CpuViews>(shared_from_this(), count);
}

}  // namespace tame::cpu
