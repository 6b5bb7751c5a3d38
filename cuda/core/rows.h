// How an edit of the rows changes a Gaussian's parameters, after they were moved to the new row: the same on both
// backends.
#pragma once

#include "activations.h"
#include "layout.h"
#include "philox.h"
#include "relocation.h"

namespace tame {

// What an edit does to a row: plain data shared by units.
struct RowRole {
  bool child;          // its mean and scales change
  bool second;         // of two children
  bool keeps_moments;  // of its source
  uint32_t place;      // TAME_PLACE_*
  uint32_t share;      // TAME_SHARE_*
  float opacity_factor, offset, log_scale, log_scale_others;
};

// Three roles for each kind of the edit: the row that stays, the row appended, the second one appended; and the role of
// a row that gives no copies.
constexpr uint32_t kUnchanged = 3 * TAME_MOST_ROW_KINDS;
struct RowRoles {
  RowRole roles[kUnchanged + 1];
};

inline namespace TAME_SIMD_LEVEL {
namespace core {

// Most rows that share an opacity.
constexpr uint32_t kMostSharing = 51;

// The stored o' of n rows that share an opacity stored as x.
TAME_FN float shared_opacity(bool linear, float x, uint32_t n) {
  if (n == 2) return shared_opacity(linear, x);
  const double rest = linear ? 1.0 - double(used_opacity(true, x)) : 1.0 / (1.0 + ::exp(double(x)));
  return store_opacity(linear, float(split_opacity(rest, n)));
}

TAME_FN void change_opacity(const Planes& p, const Layout& layout, size_t i, const RowRole& role, uint32_t rows) {
  const uint32_t n = rows < kMostSharing ? rows : kMostSharing;
  float& stored = p.plane(layout.opacity())[i];
  const bool linear = layout.linear_opacity;
  const float before = used_opacity(linear, stored);
  if (role.share == TAME_SHARE_FACTOR)
    stored = store_opacity(linear, before * role.opacity_factor);
  else
    stored = shared_opacity(linear, stored, n);
  if (role.share != TAME_SHARE_VOLUME || !(before > 0.f)) return;
  const double rest = 1.0 - double(before);
  const float shift = float(::log(relocation_scale(double(before), split_opacity(rest > 1e-6 ? rest : 1e-6, n), n)));
  for (int k = 0; k < 3; ++k) p.plane(layout.log_scales() + k)[i] += shift;
}

// draw: for the mean, with TAME_PLACE_RANDOM.
TAME_FN void place_child(const Planes& p, const Layout& layout, size_t i, const RowRole& role, const Philox& draw) {
  float mean[3], scale[3], quat[4], unit[4], r[9];
  for (int k = 0; k < 3; ++k) mean[k] = p.plane(Layout::means() + k)[i];
  for (int k = 0; k < 3; ++k) scale[k] = core::exp(p.plane(layout.log_scales() + k)[i]);
  for (int k = 0; k < 4; ++k) quat[k] = p.plane(layout.quats() + k)[i];
  normalize(quat, unit);
  rotation(unit, r);
  int longest = -1;  // no axis is different
  if (role.place == TAME_PLACE_RANDOM) {
    child_mean(scale, r, draw, mean);
  } else if (role.place == TAME_PLACE_LONG_AXIS) {
    longest = scale[1] > scale[0] ? 1 : 0;
    if (scale[2] > scale[longest]) longest = 2;
    const float along = (role.second ? -role.offset : role.offset) * scale[longest];
    for (int k = 0; k < 3; ++k) mean[k] = mad(along, r[3 * k + longest], mean[k]);
  }
  for (int k = 0; k < 3; ++k) p.plane(Layout::means() + k)[i] = mean[k];
  for (int k = 0; k < 3; ++k)
    p.plane(layout.log_scales() + k)[i] += longest < 0 || k == longest ? role.log_scale : role.log_scale_others;
}

// Row i has its source's parameters. n: rows of the source. The rest identify the random numbers.
TAME_FN void change_row(const Planes& p, const Layout& layout, size_t i, const RowRole& role, uint32_t n, uint64_t seed,
                        uint32_t iteration, uint32_t round, uint32_t source) {
  if (role.share != TAME_SHARE_NONE) change_opacity(p, layout, i, role, n);
  if (!role.child) return;
  const uint32_t part = 2 * round + (role.second ? 1u : 0u);
  place_child(p, layout, i, role, philox(seed, kDrawChildren, iteration, source, part));
}

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame
