// See gaussians.h.
#include <algorithm>

#include "../abi/fields.h"
#include "../core/activations.h"
#include "../core/sh.h"
#include "gaussians.h"

namespace tame::gpu {

namespace {

constexpr uint32_t kThreads = 256;

constexpr uint32_t kMostColumns = 14 + 3 * core::kMaxShCoefficients;  // of a row of any field

struct Columns {
  int plane_of[kMostColumns];
};

__global__ void rows_to_planes_kernel(const float* rows, uint32_t count, uint32_t offset, Columns columns,
                                      uint32_t width, Planes planes) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  for (uint32_t c = 0; c < width; ++c)
    if (columns.plane_of[c] >= 0) planes.plane(columns.plane_of[c])[offset + i] = rows[size_t(i) * width + c];
}

__global__ void planes_to_rows_kernel(Planes planes, uint32_t count, uint32_t offset, Columns columns, uint32_t width,
                                      float* rows) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  for (uint32_t c = 0; c < width; ++c)
    rows[size_t(i) * width + c] = columns.plane_of[c] >= 0 ? planes.plane(columns.plane_of[c])[offset + i] : 0.f;
}

__global__ void fill_kernel(float* plane, uint32_t first, uint32_t last, float value) {
  const uint32_t i = first + blockIdx.x * blockDim.x + threadIdx.x;
  if (i < last) plane[i] = value;
}

__global__ void store_opacity_kernel(float* plane, uint32_t count, bool linear) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) plane[i] = linear ? core::sigmoid(plane[i]) : core::logit_of_linear(plane[i]);
}

__device__ uint8_t to_byte(float value) {
  return uint8_t(fminf(fmaxf(255.f * value + 0.5f, 0.f), 255.f));
}

__global__ void read_image_kernel(const float* image, const float* transmittance, const float* depth_sums,
                                  size_t pixels, uint32_t format, float* floats, uint8_t* bytes, float* alpha,
                                  float* depth) {
  const size_t i = size_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= pixels) return;
  const float covered = 1.f - transmittance[i];
  for (size_t c = 0; c < 3; ++c) {
    const float value = image[c * pixels + i];
    if (format == TAME_FORMAT_F32) floats[3 * i + c] = value;
    if (format == TAME_FORMAT_RGB8) bytes[3 * i + c] = to_byte(value);
    if (format == TAME_FORMAT_RGBA8) bytes[4 * i + c] = to_byte(value);
  }
  if (format == TAME_FORMAT_RGBA8) bytes[4 * i + 3] = to_byte(covered);
  if (alpha != nullptr) alpha[i] = covered;
  // The weights alpha T add up to 1 - T_final.
  if (depth != nullptr) depth[i] = depth_sums[i] / fmaxf(covered, 1e-6f);
}

}  // namespace

void rows_to_planes(GpuDevice& device, const float* rows, uint32_t count, uint32_t offset, const int* plane_of,
                    uint32_t width, Planes planes) {
  if (count == 0 || width == 0) return;
  Columns columns = {};
  std::copy(plane_of, plane_of + width, columns.plane_of);
  DeviceBuffer<float> staging(device.ledger(), TAME_PURPOSE_OTHER, size_t(std::min(count, kChunkRows)) * width);
  for (uint32_t first = 0; first < count; first += kChunkRows) {
    const uint32_t chunk = std::min(count - first, kChunkRows);
    check(cudaMemcpyAsync(staging.data(), rows + size_t(first) * width, size_t(chunk) * width * sizeof(float),
                          cudaMemcpyHostToDevice, device.stream()),
          "upload rows");
    rows_to_planes_kernel<<<blocks_for(chunk, kThreads), kThreads, 0, device.stream()>>>(
        staging.data(), chunk, offset + first, columns, width, planes);
    check_launch("launch rows_to_planes_kernel");
  }
  device.stream().wait();
}

void planes_to_rows(GpuDevice& device, Planes planes, uint32_t count, uint32_t offset, const int* plane_of,
                    uint32_t width, float* rows) {
  if (count == 0 || width == 0) return;
  Columns columns = {};
  std::copy(plane_of, plane_of + width, columns.plane_of);
  DeviceBuffer<float> staging(device.ledger(), TAME_PURPOSE_OTHER, size_t(std::min(count, kChunkRows)) * width);
  for (uint32_t first = 0; first < count; first += kChunkRows) {
    const uint32_t chunk = std::min(count - first, kChunkRows);
    planes_to_rows_kernel<<<blocks_for(chunk, kThreads), kThreads, 0, device.stream()>>>(
        planes, chunk, offset + first, columns, width, staging.data());
    check_launch("launch planes_to_rows_kernel");
    check(cudaMemcpyAsync(rows + size_t(first) * width, staging.data(), size_t(chunk) * width * sizeof(float),
                          cudaMemcpyDeviceToHost, device.stream()),
          "download rows");
  }
  device.stream().wait();
}

GpuGaussians::GpuGaussians(std::shared_ptr<GpuDevice> device, uint32_t capacity, uint32_t sh_degree)
    : device_(std::move(device)),
      capacity_(capacity),
      layout_{int(sh_degree)},
      stride_(round_up(capacity, kPlaneAlignment)),
      values_(device_->ledger(), TAME_PURPOSE_PARAMETERS, stride_ * size_t(layout_.planes())) {
  check(cudaMemsetAsync(values_.data(), 0, values_.bytes(), device_->stream()), "clear parameters");
}

void GpuGaussians::resize(uint32_t count) {
  device_->use([&] {
    if (count > count_)
      for (int k = 0; k < layout_.planes(); ++k) {
        fill_kernel<<<blocks_for(count - count_, kThreads), kThreads, 0, device_->stream()>>>(
            planes().plane(k), count_, count, k == layout_.quats() ? 1.f : 0.f);
        check_launch("launch fill_kernel");
      }
    device_->stream().wait();
    count_ = count;
  });
}

void GpuGaussians::set_linear_opacity(bool linear) {
  if (linear == layout_.linear_opacity) return;
  device_->use([&] {
    if (count_ != 0) {
      store_opacity_kernel<<<blocks_for(count_, kThreads), kThreads, 0, device_->stream()>>>(
          planes().plane(layout_.opacity()), count_, linear);
      check_launch("launch store_opacity_kernel");
    }
    device_->stream().wait();
  });
  layout_.linear_opacity = linear;
}

void GpuGaussians::upload(uint32_t field, uint32_t offset, uint32_t rows, const float* data) {
  const std::vector<int> plane_of = row_planes(layout_, field);
  device_->use(
      [&] { rows_to_planes(*device_, data, rows, offset, plane_of.data(), uint32_t(plane_of.size()), planes()); });
}

void GpuGaussians::download(uint32_t field, uint32_t offset, uint32_t rows, float* data) const {
  const std::vector<int> plane_of = row_planes(layout_, field);
  device_->use(
      [&] { planes_to_rows(*device_, planes(), rows, offset, plane_of.data(), uint32_t(plane_of.size()), data); });
}

void GpuGaussians::render(const tame_camera& camera, const float background[3], const ImageTarget& target) {
  device_->use([&] {
    RasterInput input = {planes(), layout_, count_, layout_.sh_degree, core::camera_from(camera), {}};
    std::copy(background, background + 3, input.background);
    device_->rasterizer().forward_and_wait(input, target.depth != nullptr, false);
    read_image(*device_, device_->rasterizer(), camera.width, camera.height, target);
  });
}

uint64_t GpuGaussians::count_instances(const tame_camera& camera) {
  return device_->use([&] {
    return device_->rasterizer().count_instances(
        {planes(), layout_, count_, layout_.sh_degree, core::camera_from(camera), {}});
  });
}

void read_image(GpuDevice& device, const Rasterizer& rasterizer, uint32_t width, uint32_t height,
                const ImageTarget& target) {
  const size_t pixels = size_t(width) * height;
  const bool floats = target.format == TAME_FORMAT_F32;
  const size_t bytes_per_pixel = floats ? 3 * sizeof(float) : target.format == TAME_FORMAT_RGBA8 ? 4 : 3;
  DeviceBuffer<uint8_t> image(device.ledger(), TAME_PURPOSE_IMAGES, pixels * bytes_per_pixel);
  DeviceBuffer<float> alpha(device.ledger(), TAME_PURPOSE_IMAGES, target.alpha != nullptr ? pixels : 0);
  DeviceBuffer<float> depth(device.ledger(), TAME_PURPOSE_IMAGES, target.depth != nullptr ? pixels : 0);
  read_image_kernel<<<blocks_for(pixels, kThreads), kThreads, 0, device.stream()>>>(
      rasterizer.image(), rasterizer.transmittance(), rasterizer.depth_sums(), pixels, target.format,
      floats ? reinterpret_cast<float*>(image.data()) : nullptr, floats ? nullptr : image.data(), alpha.data(),
      depth.data());
  check_launch("launch read_image_kernel");
  const auto fetch = [&](void* to, const void* from, size_t bytes) {
    if (bytes != 0)
      check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, device.stream()), "download the image");
  };
  fetch(target.image, image.data(), image.bytes());
  fetch(target.alpha, alpha.data(), alpha.bytes());
  fetch(target.depth, depth.data(), depth.bytes());
  device.stream().wait();
}

std::shared_ptr<Gaussians> GpuDevice::make_gaussians(uint32_t capacity, uint32_t sh_degree) {
  return use([&] { return std::make_shared<GpuGaussians>(shared_from_this(), capacity, sh_degree); });
}

}  // namespace tame::gpu
