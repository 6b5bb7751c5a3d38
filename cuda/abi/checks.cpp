// Argument checks: see checks.h.
#include "checks.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tame {
namespace {

constexpr float kLargest = std::numeric_limits<float>::max();

using Big = unsigned long long;  // for printf's %llu

}  // namespace

void check_array(const char* name, const void* data, uint64_t length, uint64_t needed, uint32_t alignment) {
  if (length < needed)
    fail(TAME_INVALID_ARGUMENT, "%s is too short: it holds %llu elements, %llu are needed", name, Big(length),
         Big(needed));
  if (needed == 0) return;
  if (data == nullptr) fail(TAME_INVALID_ARGUMENT, "%s is NULL, %llu elements are needed", name, Big(needed));
  if (reinterpret_cast<uintptr_t>(data) % alignment != 0)
    fail(TAME_INVALID_ARGUMENT, "%s is not aligned to %u bytes", name, alignment);
}

void check_count(const char* name, uint64_t value, uint64_t low, uint64_t high) {
  if (value < low || value > high)
    fail(TAME_INVALID_ARGUMENT, "%s is %llu: expected %llu to %llu", name, Big(value), Big(low), Big(high));
}

void check_range(const char* name, float value, float low, float high) {
  if (!(value >= low && value <= high))
    fail(TAME_INVALID_ARGUMENT, "%s is %g: expected %g to %g", name, double(value), double(low), double(high));
}

void check_finite(const char* name, const float* values, uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) {
    if (!std::isfinite(values[i]))
      fail(TAME_INVALID_ARGUMENT, "%s[%llu] is %g: expected a finite number", name, Big(i), double(values[i]));
  }
}

void check_sh_degree(uint32_t degree) {
  check_count("sh_degree", degree, 0, kMaxShDegree);
}

void check_image_size(uint32_t width, uint32_t height) {
  check_count("width", width, 1, kMaxSide);
  check_count("height", height, 1, kMaxSide);
}

void check_camera(const tame_camera& camera) {
  check_image_size(camera.width, camera.height);
  constexpr float kSmallest = std::numeric_limits<float>::min();
  check_range("camera.fx", camera.fx, kSmallest, kLargest);
  check_range("camera.fy", camera.fy, kSmallest, kLargest);
  check_finite("camera.cx", &camera.cx, 1);
  check_finite("camera.cy", &camera.cy, 1);
  check_range("camera.near_plane", camera.near_plane, kSmallest, kLargest);
  check_finite("camera.rotation", camera.rotation, 9);
  check_finite("camera.translation", camera.translation, 3);
  check_count("camera.coverage", camera.coverage, 0, TAME_COVERAGE_RECTANGLE);
  check_count("camera.antialiasing", camera.antialiasing, 0, 1);
  for (int row = 0; row < 3; ++row) {
    for (int other = row; other < 3; ++other) {
      double dot = 0;
      for (int k = 0; k < 3; ++k) dot += double(camera.rotation[3 * row + k]) * camera.rotation[3 * other + k];
      // Loose enough for poses with four digits, tight enough to catch a scaled or transposed 4 x 4 matrix.
      if (std::fabs(dot - (row == other)) > 2e-3)
        fail(TAME_INVALID_ARGUMENT, "camera.rotation is not orthonormal: rows %d and %d have the product %g", row,
             other, dot);
    }
  }
}

uint32_t known_bytes(const char* name, const void* data, uint32_t bytes, uint32_t size) {
  if (data == nullptr) fail(TAME_INVALID_ARGUMENT, "%s is NULL", name);
  uint32_t stated = 0;
  if (bytes >= sizeof stated) std::memcpy(&stated, data, sizeof stated);
  if (stated < size || stated > bytes)
    fail(TAME_INVALID_ARGUMENT, "%s has struct_size %u in a buffer of %u bytes: expected at least %u", name, stated,
         bytes, size);
  return std::min(stated, size);
}

tame_camera read_camera(const tame_camera* camera, uint32_t camera_bytes) {
  const tame_camera out = read_struct<tame_camera>("camera", camera, camera_bytes);
  check_camera(out);
  return out;
}

}  // namespace tame
