// Resamples a distorted photo to a pinhole: one thread per pixel.
#include "../core/resample.h"
#include "device.h"

namespace tame::gpu {

namespace {

constexpr uint32_t kThreads = 256;

template <int kChannels>
__global__ void undistort_kernel(Undistortion job, const uint8_t* photo, uint8_t* image) {
  const size_t i = size_t(blockIdx.x) * kThreads + threadIdx.x;
  const tame_pinhole& to = job.pinhole;
  if (i >= size_t(to.width) * to.height) return;
  const double column = double(i % to.width), row = double(i / to.width);
  double px, py;
  core::project(job.lens, (column + 0.5 - to.cx) / to.fx, (row + 0.5 - to.cy) / to.fy, &px, &py);
  core::resample<kChannels>(photo, int(job.width), int(job.height), px, py, image + i * kChannels);
}

}  // namespace

void GpuDevice::undistort(const Undistortion& job, const uint8_t* photo, uint8_t* image) {
  use([&] {
    const size_t pixels = size_t(job.pinhole.width) * job.pinhole.height;
    DeviceBuffer<uint8_t> from(ledger(), TAME_PURPOSE_IMAGES, size_t(job.width) * job.height * job.channels);
    DeviceBuffer<uint8_t> to(ledger(), TAME_PURPOSE_IMAGES, pixels * job.channels);
    check(cudaMemcpyAsync(from.data(), photo, from.bytes(), cudaMemcpyHostToDevice, stream()), "upload a photo");
    const auto kernel = job.channels == 1   ? undistort_kernel<1>
                        : job.channels == 3 ? undistort_kernel<3>
                                            : undistort_kernel<4>;
    kernel<<<blocks_for(pixels, kThreads), kThreads, 0, stream()>>>(job, from.data(), to.data());
    check_launch("launch undistort_kernel");
    check(cudaMemcpyAsync(image, to.data(), to.bytes(), cudaMemcpyDeviceToHost, stream()), "download a photo");
    stream().wait();
  });
}

}  // namespace tame::gpu
