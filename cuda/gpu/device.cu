// See device.h; also the backend functions that need no device.
#include <algorithm>
#include <cstdio>
#include <thread>

#include "device.h"

namespace tame::gpu {

namespace {

// Of the host, for what events compute there: more of them make no difference.
constexpr uint32_t kUsualThreads = 8, kMostThreads = 256;

// Used to query whether the library has code for a device.
__global__ void probe_kernel() {}

bool has_code() {
  cudaFuncAttributes attributes;
  const cudaError_t error = cudaFuncGetAttributes(&attributes, probe_kernel);
  if (error == cudaSuccess) return true;
  cudaGetLastError();
  if (error == cudaErrorNoKernelImageForDevice || error == cudaErrorInvalidDeviceFunction ||
      error == cudaErrorUnsupportedPtxVersion || error == cudaErrorInvalidPtx)
    return false;
  check(error, "look for code for the device");
  return false;
}

}  // namespace

GpuDevice::GpuDevice(const tame_device_options& options)
    : Device(options.memory_limit, options.seed),
      index_(int(options.index)),
      most_threads_(options.threads != 0 ? std::min(kMostThreads, options.threads)
                                         : std::clamp(std::thread::hardware_concurrency(), 1u, kUsualThreads)),
      staging_(ledger()) {
  use([&] {
    if (!has_code()) {
      cudaDeviceProp properties;
      check(cudaGetDeviceProperties(&properties, index_), "ask for the device's properties");
      fail(TAME_NO_KERNEL_IMAGE,
           "No kernel image for compute capability %d.%d (%s); this build has %s; rebuild with CUDA_ARCHS=%d%d",
           properties.major, properties.minor, properties.name, TAME_CUDA_TARGETS, properties.major, properties.minor);
    }
    stream_ = std::make_unique<Stream>();
    profile_ = std::make_unique<Profile>(ledger(), *stream_);
    rasterizer_ = std::make_unique<Rasterizer>(ledger(), *stream_, *profile_);
    loss_ = std::make_unique<Loss>(ledger(), *stream_, *profile_);
    stream_->wait();
  });
}

// Its last handle may be closed on a thread that last used another device.
GpuDevice::~GpuDevice() {
  make_current();
}

void GpuDevice::make_current() noexcept {
  cudaSetDevice(index_);  // an error is that of the next checked call
}

Threads& GpuDevice::threads() {
  if (!threads_.has_value()) threads_.emplace(most_threads_);
  return *threads_;
}

void GpuDevice::synchronize() {
  use([&] { stream_->wait(); });
}

void GpuDevice::read_profile(tame_profile& out) {
  use([&] { profile_->read(out); });
}

void GpuDevice::enable_profile(bool on) {
  use([&] { profile_->enable(on); });
}

}  // namespace tame::gpu

namespace tame::backend {

std::string build_info() {
  std::string targets, names = TAME_CUDA_TARGETS;
  for (size_t at = 0; at < names.size();) {
    const size_t end = std::min(names.find(' ', at), names.size());
    targets += (targets.empty() ? "\"" : ",\"") + names.substr(at, end - at) + "\"";
    at = end + 1;
  }
  return std::string("{\"backend\":\"cuda\",\"version\":\"") + TAME_VERSION + "\",\"compiler\":\"nvcc " +
         std::to_string(__CUDACC_VER_MAJOR__) + "." + std::to_string(__CUDACC_VER_MINOR__) + "\",\"targets\":[" +
         targets + "]}";
}

uint32_t device_count() {
  int count = 0;
  gpu::check(cudaGetDeviceCount(&count), "count CUDA devices");
  return uint32_t(count);
}

void device_info(uint32_t index, tame_device_info& info) {
  gpu::check(cudaSetDevice(int(index)), "select the device");
  cudaDeviceProp properties;
  gpu::check(cudaGetDeviceProperties(&properties, int(index)), "ask for the device's properties");
  info.compute_capability = uint32_t(properties.major * 10 + properties.minor);
  info.has_code = gpu::has_code() ? 1 : 0;
  int driver = 0;
  gpu::check(cudaDriverGetVersion(&driver), "ask for the driver's version");
  info.driver_version = uint32_t(driver);
  info.threads = uint32_t(properties.multiProcessorCount);
  size_t free = 0, total = 0;
  gpu::check(cudaMemGetInfo(&free, &total), "ask for the device's memory");
  info.memory_total = total;
  info.memory_free = free;
  std::snprintf(info.name, sizeof info.name, "%.*s", int(sizeof info.name) - 1, properties.name);
  std::snprintf(info.targets, sizeof info.targets, "sm_%d%d (of %s)", properties.major, properties.minor,
                TAME_CUDA_TARGETS);
}

std::shared_ptr<Device> open_device(const tame_device_options& options) {
  const uint32_t count = device_count();
  if (options.index >= count)
    fail(TAME_NO_DEVICE, "No CUDA device %u: this machine has %u, numbered from 0", options.index, count);
  return std::make_shared<gpu::GpuDevice>(options);
}

}  // namespace tame::backend
