// See device.h; also the backend functions that need no device.
#include "device.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <thread>

namespace tame::cpu {

namespace {

constexpr uint32_t kMaxThreads = 256;

uint32_t hardware_threads() {
  return std::min(kMaxThreads, std::max(1u, std::thread::hardware_concurrency()));
}

// Reads the value after "key" at the start of a line of a file in /proc; false if there is none.
bool proc_value(const char* path, const char* key, char* out, size_t bytes) {
  std::FILE* file = std::fopen(path, "re");
  if (file == nullptr) return false;
  char line[256];
  bool found = false;
  while (!found && std::fgets(line, sizeof line, file) != nullptr) {
    if (std::strncmp(line, key, std::strlen(key)) != 0) continue;
    const char* colon = std::strchr(line, ':');
    if (colon == nullptr) break;
    const char* value = colon + 1 + std::strspn(colon + 1, " \t");
    std::snprintf(out, bytes, "%.*s", int(std::min(std::strcspn(value, "\n"), bytes - 1)), value);
    found = true;
  }
  std::fclose(file);
  return found;
}

// Memory available without swapping, including page cache if the system reports it.
uint64_t available_memory() {
  char kibibytes[64];
  if (proc_value("/proc/meminfo", "MemAvailable", kibibytes, sizeof kibibytes))
    return 1024 * std::strtoull(kibibytes, nullptr, 10);
  return uint64_t(sysconf(_SC_PAGESIZE)) * uint64_t(sysconf(_SC_AVPHYS_PAGES));
}

}  // namespace

CpuDevice::CpuDevice(const tame_device_options& options)
    : Device(options.memory_limit, options.seed),
      threads_(std::min(kMaxThreads, options.threads != 0 ? options.threads : hardware_threads())),
      kernels_(choose_kernels()),
      rasterizer_(ledger(), threads_, kernels_, profile_),
      loss_(ledger(), threads_, kernels_, profile_) {}

void to_planes(const PlaneShape& shape, const float* interleaved, float* planes) {
  for (uint32_t c = 0; c < 3; ++c)
    for (uint32_t y = 0; y < shape.height; ++y) {
      float* row = planes + c * shape.plane + y * shape.row;
      for (uint32_t x = 0; x < shape.width; ++x) row[x] = interleaved[3 * (size_t(y) * shape.width + x) + c];
      std::fill(row + shape.width, row + shape.row, 0.f);
    }
}

void from_planes(const PlaneShape& shape, const float* planes, float* interleaved) {
  for (uint32_t c = 0; c < 3; ++c)
    for (uint32_t y = 0; y < shape.height; ++y)
      for (uint32_t x = 0; x < shape.width; ++x)
        interleaved[3 * (size_t(y) * shape.width + x) + c] = planes[c * shape.plane + y * shape.row + x];
}

}  // namespace tame::cpu

namespace tame::backend {

std::string build_info() {
  std::string targets, levels = TAME_CPU_LEVELS;
  for (size_t at = 0; at < levels.size();) {
    const size_t end = std::min(levels.find(' ', at), levels.size());
    targets += (targets.empty() ? "\"" : ",\"") + levels.substr(at, end - at) + "\"";
    at = end + 1;
  }
  return std::string("{\"backend\":\"cpu\",\"version\":\"") + TAME_VERSION + "\",\"compiler\":\"g++ " + __VERSION__ +
         "\",\"targets\":[" + targets + "]}";
}

uint32_t device_count() {
  return 1;
}

void device_info(uint32_t, tame_device_info& info) {
  info.has_code = 1;
  info.threads = cpu::hardware_threads();
  info.memory_total = uint64_t(sysconf(_SC_PAGESIZE)) * uint64_t(sysconf(_SC_PHYS_PAGES));
  info.memory_free = cpu::available_memory();
  if (!cpu::proc_value("/proc/cpuinfo", "model name", info.name, sizeof info.name))
    std::snprintf(info.name, sizeof info.name, "CPU");
  std::snprintf(info.targets, sizeof info.targets, "%s (of %s)", cpu::choose_kernels().level, TAME_CPU_LEVELS);
}

std::shared_ptr<Device> open_device(const tame_device_options& options) {
  return std::make_shared<cpu::CpuDevice>(options);
}

}  // namespace tame::backend
