// Replacing the rows of Gaussians and of what follows them (moments, statistics), plane by plane.
#pragma once

#include "device.h"

namespace tame::gpu {

class RowEditor {
 public:
  RowEditor(GpuDevice& device, const RowEdit& edit);
  // Row i of the plane becomes row sources[i] of the old one; only_kept: 0 in new rows.
  void gather(bool only_kept, float* plane);
  void gather(uint32_t* plane);
  // Moves and shrinks the children of splits, after every plane was gathered.
  void place_new_rows(Planes planes, const Layout& layout, uint32_t iteration, uint32_t round);

 private:
  GpuDevice& device_;
  const uint32_t count_;
  DeviceBuffer<uint32_t> sources_;
  DeviceBuffer<uint8_t> kinds_;
  DeviceBuffer<float> scratch_;
};

}  // namespace tame::gpu
