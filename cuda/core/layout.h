// Memory layout of Gaussians on both backends: one plane per scalar parameter, so that neighbouring Gaussians load as
// one vector on the CPU and as one coalesced access on the GPU. The SIMD levels' units share these types, so they are
// in no level's namespace; TAME_FN keeps their functions from becoming symbols.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../tame.h"
#include "scalar.h"

namespace tame {

// A row of TAME_PARAMETER_TABLE.
struct ParameterRow {
  const char* name;
  int floats, sh_floats;
  float rate;
  const char* ply_columns;
};

#define TAME_PARAMETER_ROW(identifier, ...) {__VA_ARGS__},
constexpr ParameterRow kParameterRows[] = {TAME_PARAMETER_TABLE(TAME_PARAMETER_ROW)};
#undef TAME_PARAMETER_ROW
static_assert(TAME_PARAMETERS <= TAME_MOST_PARAMETERS, "the step counts fit tame_progress");

// The number of planes before a parameter's first: a fixed part, and a part per SH coefficient above degree 0.
struct PlanesBefore {
  int fixed = 0, sh = 0;
};

constexpr PlanesBefore planes_before(uint32_t parameter) {
  PlanesBefore before;
  for (uint32_t k = 0; k < parameter; ++k) {
    before.fixed += kParameterRows[k].floats;
    before.sh += kParameterRows[k].sh_floats;
  }
  return before;
}

template <uint32_t parameter>
constexpr int kFixedBefore = planes_before(parameter).fixed;
template <uint32_t parameter>
constexpr int kShBefore = planes_before(parameter).sh;

// Indices of the planes: the parameters in the order of the table.
struct Layout {
  int sh_degree;
  bool linear_opacity = false;  // the opacity plane holds TAME_OPACITY_LINEAR, not logits

  TAME_FN int coefficients() const { return (sh_degree + 1) * (sh_degree + 1); }
  template <uint32_t parameter>
  TAME_FN int first() const {
    return kFixedBefore<parameter> + kShBefore<parameter> * (coefficients() - 1);
  }
  TAME_FN static constexpr int means() { return 0; }
  TAME_FN static constexpr int sh() { return 3; }
  TAME_FN int opacity() const { return first<TAME_PARAMETER_OPACITIES>(); }
  TAME_FN int log_scales() const { return first<TAME_PARAMETER_LOG_SCALES>(); }
  TAME_FN int quats() const { return first<TAME_PARAMETER_QUATS>(); }
  TAME_FN int planes() const { return first<TAME_PARAMETERS>(); }

  // Planes first .. last - 1.
  struct Range {
    int first, last;
  };
  // The planes of a parameter, or of TAME_FIELD_SH.
  Range range(uint32_t field) const {
    if (field == TAME_FIELD_SH) return {sh(), opacity()};
    const PlanesBefore begin = planes_before(field), end = planes_before(field + 1);
    const int above = coefficients() - 1;
    return {begin.fixed + begin.sh * above, end.fixed + end.sh * above};
  }
};

static_assert(planes_before(TAME_PARAMETER_SH_DC).fixed == Layout::sh() && planes_before(TAME_PARAMETER_SH_DC).sh == 0,
              "the means come first, then the SH coefficients");
static_assert(TAME_PARAMETER_SH_REST == TAME_PARAMETER_SH_DC + 1 &&
                  TAME_PARAMETER_OPACITIES == TAME_PARAMETER_SH_REST + 1,
              "the SH coefficients are together, the opacity after them");

// A block of planes; stride: elements from one plane to the next.
struct Planes {
  float* base;
  size_t stride;
  TAME_FN float* plane(int index) const { return base + size_t(index) * stride; }
};

TAME_FN uint32_t round_up(uint32_t n, uint32_t to) {
  return (n + to - 1) / to * to;
}

}  // namespace tame
