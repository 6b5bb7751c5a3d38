// See views.h.
#include <algorithm>

#include "views.h"

namespace tame::gpu {

GpuViews::GpuViews(std::shared_ptr<GpuDevice> device, uint32_t count, uint32_t residency)
    : device_(std::move(device)), residency_(residency) {
  using Pages = HostBuffer<uint8_t>::Pages;
  const Pages pages = residency_ == TAME_RESIDENCY_PINNED ? Pages::locked : Pages::ordinary;
  Ledger& ledger = device_->ledger();
  views_.reserve(count);
  for (uint32_t i = 0; i < count; ++i) views_.push_back(View(ledger, pages));
  if (residency_ == TAME_RESIDENCY_DEVICE) return;
  copies_ = std::make_unique<Stream>();
  for (auto& stage : stages_) stage = std::make_unique<Stage>(ledger);
}

GpuViews::~GpuViews() {
  if (copies_ != nullptr) cudaStreamSynchronize(*copies_);
}

void GpuViews::set(uint32_t index, const tame_camera& camera, const PhotoBytes& photo) {
  device_->use([&] {
    View& view = views_[index];
    const size_t count = size_t(camera.width) * camera.height, pixels = count * photo.channels;
    const size_t mask = photo.mask != nullptr ? count : 0, bytes = pixels + mask;
    view.set = false;
    if (residency_ == TAME_RESIDENCY_DEVICE) {
      view.resident.assign(bytes);
      check(cudaMemcpyAsync(view.resident.data(), photo.pixels, pixels, cudaMemcpyHostToDevice, device_->stream()),
            "upload a photo");
      if (mask != 0)
        check(
            cudaMemcpyAsync(view.resident.data() + pixels, photo.mask, mask, cudaMemcpyHostToDevice, device_->stream()),
            "upload a mask");
      device_->stream().wait();
    } else {
      copies_->wait();
      view.host.assign(bytes);
      std::copy_n(photo.pixels, pixels, view.host.data());
      std::copy_n(photo.mask, mask, view.host.data() + pixels);
      forget_stages(index);
    }
    view.camera = camera;
    view.bytes = bytes;
    view.channels = photo.channels;
    view.kept = photo.kept;
    view.masked = mask != 0;
    view.set = true;
    largest_ = std::max(largest_, bytes);
  });
}

void GpuViews::clear(uint32_t index) {
  device_->use([&] {
    View& view = views_[index];
    view.set = false;
    if (residency_ == TAME_RESIDENCY_DEVICE) {
      view.resident.assign(0);
      return;
    }
    copies_->wait();
    view.host.assign(0);
    forget_stages(index);
  });
}

void GpuViews::set_depths(uint32_t index, const TiledDepths& depths) {
  device_->use([&] {
    View& view = views_[index];
    view.depth_tiles.assign(0);
    view.depth_points.assign(depths.points.size());
    view.depth_tiles.assign(depths.tiles.size());
    if (depths.tiles.empty()) return;
    const Stream& stream = device_->stream();
    check(cudaMemcpyAsync(view.depth_points.data(), depths.points.data(), view.depth_points.bytes(),
                          cudaMemcpyHostToDevice, stream),
          "upload depths");
    check(cudaMemcpyAsync(view.depth_tiles.data(), depths.tiles.data(), view.depth_tiles.bytes(),
                          cudaMemcpyHostToDevice, stream),
          "upload depths");
    stream.wait();
  });
}

ViewDepths GpuViews::depths(uint32_t index) const {
  const View& view = views_[index];
  return {view.depth_tiles.data(), view.depth_points.data(), uint32_t(view.depth_tiles.size())};
}

void GpuViews::forget_stages(uint32_t index) {
  for (auto& stage : stages_)
    if (stage->view == index) stage->view = TAME_NO_VIEW;
}

void GpuViews::copy(Stage& stage, uint32_t index) {
  stage.view = TAME_NO_VIEW;  // also if there is no memory for it
  if (stage.pixels.size() < largest_) stage.pixels.assign(largest_);
  stage.free.hold(*copies_);
  check(cudaMemcpyAsync(stage.pixels.data(), views_[index].host.data(), views_[index].bytes, cudaMemcpyHostToDevice,
                        *copies_),
        "copy a photo");
  stage.ready.record(*copies_);
  stage.view = index;
}

Photo GpuViews::acquire(uint32_t index, const float background[3]) {
  const View& view = views_[index];
  const uint8_t* pixels = on_device(index);
  const size_t bytes = size_t(view.camera.width) * view.camera.height * view.channels;
  return {pixels,
          view.masked ? pixels + bytes : nullptr,
          view.channels,
          view.kept,
          {background[0], background[1], background[2]}};
}

const uint8_t* GpuViews::on_device(uint32_t index) {
  if (residency_ == TAME_RESIDENCY_DEVICE) return views_[index].resident.data();
  if (stages_[current_]->view != index) {
    current_ = 1 - current_;
    if (stages_[current_]->view != index) copy(*stages_[current_], index);
  }
  stages_[current_]->ready.hold(device_->stream());
  return stages_[current_]->pixels.data();
}

void GpuViews::release(uint32_t next) {
  if (residency_ == TAME_RESIDENCY_DEVICE) return;
  stages_[current_]->free.record(device_->stream());
  Stage& other = *stages_[1 - current_];
  if (next == TAME_NO_VIEW || stages_[current_]->view == next || other.view == next) return;
  try {
    copy(other, next);
  } catch (const Failure& failure) {
    if (failure.status != TAME_OUT_OF_MEMORY) throw;  // acquire() in its step tries again
  }
}

std::shared_ptr<Views> GpuDevice::make_views(uint32_t count, uint32_t residency) {
  return use([&] { return std::make_shared<GpuViews>(shared_from_this(), count, residency); });
}

}  // namespace tame::gpu
