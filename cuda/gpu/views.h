// Training photos with their cameras: on the device, or in host memory with the next one copied ahead.
#pragma once

#include <vector>

#include "../core/photo.h"
#include "device.h"

namespace tame::gpu {

// The depths that a view should have, in device memory.
struct ViewDepths {
  const DepthTile* tiles;
  const DepthPoint* points;
  uint32_t entries;  // of `tiles`
};

class GpuViews : public Views {
 public:
  GpuViews(std::shared_ptr<GpuDevice> device, uint32_t count, uint32_t residency);
  ~GpuViews() override;

  uint32_t count() const override { return uint32_t(views_.size()); }
  bool is_set(uint32_t index) const override { return views_[index].set; }
  void set(uint32_t index, const tame_camera& camera, const PhotoBytes& photo) override;
  void clear(uint32_t index) override;
  void set_depths(uint32_t index, const TiledDepths& depths) override;

  const tame_camera& camera(uint32_t index) const { return views_[index].camera; }
  ViewDepths depths(uint32_t index) const;
  // The photo in device memory, valid for work enqueued until release(). Copies it unless it was prefetched.
  Photo acquire(uint32_t index, const float background[3]);
  // Call after enqueuing the work that reads the acquired photo. Starts copying `next` (or TAME_NO_VIEW).
  void release(uint32_t next);

 private:
  struct View {
    View(Ledger& ledger, HostBuffer<uint8_t>::Pages pages)
        : resident(ledger, TAME_PURPOSE_PHOTOS),
          host(ledger, pages),
          depth_tiles(ledger, TAME_PURPOSE_PHOTOS),
          depth_points(ledger, TAME_PURPOSE_PHOTOS) {}
    tame_camera camera = {};
    bool set = false;
    DeviceBuffer<uint8_t> resident;
    HostBuffer<uint8_t> host;
    size_t bytes = 0;  // of the pixels and the mask after them
    uint32_t channels = 3;
    uint32_t kept = 0;
    bool masked = false;
    DeviceBuffer<DepthTile> depth_tiles;
    DeviceBuffer<DepthPoint> depth_points;
  };
  struct Stage {
    explicit Stage(Ledger& ledger) : pixels(ledger, TAME_PURPOSE_PHOTOS) {}
    DeviceBuffer<uint8_t> pixels;
    uint32_t view = TAME_NO_VIEW;
    Event ready, free;
  };
  void copy(Stage& stage, uint32_t index);
  // The view's bytes in device memory.
  const uint8_t* on_device(uint32_t index);
  void forget_stages(uint32_t index);

  std::shared_ptr<GpuDevice> device_;
  const uint32_t residency_;
  std::vector<View> views_;
  size_t largest_ = 0;
  std::unique_ptr<Stream> copies_;
  std::unique_ptr<Stage> stages_[kStages];
  int current_ = 0;  // the stage last acquired
};

}  // namespace tame::gpu
