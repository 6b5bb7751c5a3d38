// How Gaussians lie in memory, on either backend: one plane a scalar parameter, so that neighbouring Gaussians load as
// one vector on the CPU and as one coalesced access on the GPU. These types pass between the SIMD levels' units, so
// they live in no level's namespace; TAME_FN keeps their functions from becoming symbols.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../tame.h"
#include "scalar.h"

namespace tame {

// Indices of the planes: means, SH (coefficient-major, rgb inner), opacity, log-scales, quaternions.
struct Layout {
  int sh_degree;
  bool linear_opacity = false;  // the opacity plane holds TAME_OPACITY_LINEAR, not logits

  TAME_FN int coefficients() const { return (sh_degree + 1) * (sh_degree + 1); }
  TAME_FN static constexpr int means() { return 0; }
  TAME_FN static constexpr int sh() { return 3; }
  TAME_FN int opacity() const { return 3 + 3 * coefficients(); }
  TAME_FN int log_scales() const { return opacity() + 1; }
  TAME_FN int quats() const { return opacity() + 4; }
  TAME_FN int planes() const { return opacity() + 8; }

  // Planes first .. last - 1 of a TAME_GROUP_* or TAME_FIELD_* other than PLY_ROWS.
  struct Range {
    int first, last;
  };
  TAME_FN Range group(uint32_t group) const {
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

constexpr int kMaxColumns = 14 + 3 * 16;  // of a row of any field

// The plane behind each float of a row of `field`, TAME_FIELD_PLY_ROWS included; -1: zero (a PLY vertex's normals).
// Returns how many floats a row has.
TAME_FN uint32_t row_planes(const Layout& layout, uint32_t field, int planes[kMaxColumns]) {
  uint32_t n = 0;
  if (field != TAME_FIELD_PLY_ROWS) {
    const Layout::Range range = layout.group(field);
    for (int k = range.first; k < range.last; ++k) planes[n++] = k;
    return n;
  }
  for (int k = 0; k < 3; ++k) planes[n++] = Layout::means() + k;
  for (int k = 0; k < 3; ++k) planes[n++] = -1;
  for (int c = 0; c < 3; ++c) planes[n++] = Layout::sh() + c;
  for (int c = 0; c < 3; ++c)
    for (int k = 1; k < layout.coefficients(); ++k) planes[n++] = Layout::sh() + 3 * k + c;
  for (int k = layout.opacity(); k < layout.planes(); ++k) planes[n++] = k;
  return n;
}

// A block of planes; stride: floats from one plane to the next.
struct Planes {
  float* base;
  size_t stride;
  TAME_FN float* plane(int index) const { return base + size_t(index) * stride; }
};

TAME_FN uint32_t round_up(uint32_t n, uint32_t to) {
  return (n + to - 1) / to * to;
}

}  // namespace tame
