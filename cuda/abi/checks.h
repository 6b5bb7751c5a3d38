// Argument checks. Each throws TAME_INVALID_ARGUMENT with a message that names the parameter.
#pragma once

#include <cstdint>
#include <cstring>

#include "failure.h"

namespace tame {

// Rows of Gaussians or points: more than fit any device, at 720 bytes per Gaussian in training, and few enough to count
// the floats of every field but the SH coefficients in 32 bits.
constexpr uint32_t kMaxRows = 1u << 28;
constexpr uint32_t kMaxSide = 16384;  // pixels
constexpr uint32_t kMaxViews = 1u << 20;
constexpr uint32_t kMaxShDegree = 3;

constexpr uint64_t sh_coefficients(uint32_t degree) {
  return uint64_t(degree + 1) * (degree + 1);
}

// An array of `length` elements of which `needed` will be used. NULL is rejected unless `needed` is 0.
void check_array(const char* name, const void* data, uint64_t length, uint64_t needed, uint32_t alignment);

template <class T>
void check_array(const char* name, const T* data, uint64_t length, uint64_t needed) {
  check_array(name, data, length, needed, uint32_t(alignof(T)));
}

// An optional array: may be NULL.
template <class T>
void check_optional(const char* name, const T* data, uint64_t length, uint64_t needed) {
  if (data != nullptr) check_array(name, data, length, needed);
}

void check_count(const char* name, uint64_t value, uint64_t low, uint64_t high);
// low <= value <= high, finite.
void check_range(const char* name, float value, float low, float high);
void check_finite(const char* name, const float* values, uint64_t count);
void check_sh_degree(uint32_t degree);
void check_image_size(uint32_t width, uint32_t height);
// Checks all of tame_camera but struct_size.
void check_camera(const tame_camera& camera);

// Bytes of the struct that both caller and library know.
uint32_t known_bytes(const char* name, const void* data, uint32_t bytes, uint32_t size);

template <class T>
T read_struct(const char* name, const void* data, uint32_t bytes) {
  T out = {};
  std::memcpy(&out, data, known_bytes(name, data, bytes, uint32_t(sizeof(T))));
  out.struct_size = uint32_t(sizeof(T));
  return out;
}

template <class T>
void write_struct(const char* name, void* data, uint32_t bytes, T value) {
  value.struct_size = known_bytes(name, data, bytes, uint32_t(sizeof(T)));
  std::memcpy(data, &value, value.struct_size);
}

tame_camera read_camera(const tame_camera* camera, uint32_t camera_bytes);

}  // namespace tame
