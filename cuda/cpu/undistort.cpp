// Resamples a distorted photo to a pinhole, row by row.
#include "../core/resample.h"
#include "device.h"

namespace tame::cpu {

namespace {

template <int kChannels>
void undistort_row(const Undistortion& job, const uint8_t* photo, uint32_t row, uint8_t* image) {
  const tame_pinhole& to = job.pinhole;
  const double y = (row + 0.5 - to.cy) / to.fy;
  for (uint32_t column = 0; column < to.width; ++column) {
    double px, py;
    core::project(job.lens, (column + 0.5 - to.cx) / to.fx, y, &px, &py);
    core::resample<kChannels>(photo, int(job.width), int(job.height), px, py, image + size_t(column) * kChannels);
  }
}

}  // namespace

void CpuDevice::undistort(const Undistortion& job, const uint8_t* photo, uint8_t* image) {
  const auto run_row = job.channels == 1 ? undistort_row<1> : job.channels == 3 ? undistort_row<3> : undistort_row<4>;
  const size_t row_bytes = size_t(job.pinhole.width) * job.channels;
  threads_.run(job.pinhole.height, [&](uint32_t row, uint32_t) { run_row(job, photo, row, image + row * row_bytes); });
}

}  // namespace tame::cpu
