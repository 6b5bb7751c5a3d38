// How Gaussians lie in memory: one plane a scalar parameter, so that eight neighbouring Gaussians load as one vector.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../tame.h"

namespace tame::cpu {

// Indices of the planes: means, SH (coefficient-major, rgb inner), opacity, log-scales, quaternions.
struct Layout {
  int sh_degree;

  int coefficients() const { return (sh_degree + 1) * (sh_degree + 1); }
  static constexpr int means() { return 0; }
  static constexpr int sh() { return 3; }
  int opacity() const { return 3 + 3 * coefficients(); }
  int log_scales() const { return opacity() + 1; }
  int quats() const { return opacity() + 4; }
  int planes() const { return opacity() + 8; }

  // Planes first .. last - 1 of a TAME_GROUP_* or TAME_FIELD_* other than PLY_ROWS.
  struct Range {
    int first, last;
  };
  Range group(uint32_t group) const {
    switch (group) {
      case TAME_FIELD_MEANS:
        return {means(), sh()};
      case TAME_FIELD_SH_DC:
        return {sh(), sh() + 3};
      case TAME_FIELD_SH_REST:
        return {sh() + 3, opacity()};
      case TAME_FIELD_OPACITIES:
        return {opacity(), log_scales()};
      case TAME_FIELD_LOG_SCALES:
        return {log_scales(), quats()};
      case TAME_FIELD_QUATS:
        return {quats(), planes()};
      default:
        return {sh(), opacity()};  // TAME_FIELD_SH
    }
  }
};

// A block of planes; stride: floats from one plane to the next.
struct Planes {
  float* base;
  size_t stride;
  float* plane(int index) const { return base + size_t(index) * stride; }
};

constexpr uint32_t kGaussianBlock = 256;  // Gaussians a work item, a multiple of any vector width
constexpr uint32_t kRowPadding = 16;      // image rows are padded to whole tiles

inline uint32_t round_up(uint32_t n, uint32_t to) {
  return (n + to - 1) / to * to;
}

}  // namespace tame::cpu
