// An edit of the rows of Gaussians, worked out on the host and carried out by a backend.
#pragma once

#include <cstdint>
#include <vector>

#include "../core/rows.h"

namespace tame {

struct RowEdit {
  std::vector<uint32_t> sources;  // old row of each new row
  std::vector<uint8_t> roles;     // of each new row, an index into `table`
  std::vector<uint32_t> shares;   // rows of the same source; empty: nothing is shared
  RowRoles table = {};
  uint32_t iteration = 0, round = 0;  // of children's places
  uint32_t size() const { return uint32_t(sources.size()); }
  bool keeps_moments(uint32_t row) const { return table.roles[roles[row]].keeps_moments; }
};

// A plane of one element of 4 bytes a Gaussian, in the backend's memory.
struct MovedPlane {
  void* at;
  bool only_kept;  // 0 in rows that keep no moments
};

// The kinds of tame_trainer_edit_rows and where rows come from; see there. kinds: of each old row; copies: how many
// each gives, or empty for one each. Throws TAME_INVALID_ARGUMENT where they do not fit together or pass `capacity`.
RowEdit make_row_edit(const std::vector<float>& kinds, const std::vector<float>& copies,
                      const std::vector<tame_row_kind>& table, const tame_edit& edit, uint32_t capacity);

}  // namespace tame
