// Training photos with their cameras, 8-bit in host memory for every residency.
#pragma once

#include <vector>

#include "../core/photo.h"
#include "device.h"

namespace tame::cpu {

class CpuViews : public Views {
 public:
  CpuViews(std::shared_ptr<CpuDevice> device, uint32_t count);

  uint32_t count() const override { return uint32_t(views_.size()); }
  bool is_set(uint32_t index) const override { return views_[index].pixels.size() != 0; }
  void set(uint32_t index, const tame_camera& camera, const PhotoBytes& photo) override;
  void clear(uint32_t index) override;
  void set_depths(uint32_t index, const TiledDepths& depths) override;

  struct View {
    tame_camera camera;
    Buffer<uint8_t> pixels;  // followed by the mask, if there is one
    Buffer<DepthTile> depth_tiles;
    Buffer<DepthPoint> depth_points;
    uint32_t channels = 3;
    uint32_t kept = 0;

    Photo photo(const float background[3]) const;
  };
  const View& view(uint32_t index) const { return views_[index]; }

 private:
  std::shared_ptr<CpuDevice> device_;
  std::vector<View> views_;
};

}  // namespace tame::cpu
