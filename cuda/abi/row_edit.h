// An edit of the rows of Gaussians, planned on the host and executed by a backend.
#pragma once

#include <cstdint>
#include <vector>

#include "../core/rows.h"
#include "threads.h"
#include "values.h"

namespace tame {

// Rows that share where no numbers of copies are given: a row and its one copy or child.
constexpr uint32_t kUsualShares = 2;

struct RowEdit {
  UnsetVector<uint32_t> sources;  // old row of each new row
  UnsetVector<uint8_t> roles;     // of each new row, an index into `table`
  UnsetVector<uint32_t> shares;   // number of rows that share with each; empty: kUsualShares
  RowRoles table = {};
  uint32_t iteration = 0, round = 0;  // of the random numbers for children's means
  uint32_t size() const { return uint32_t(sources.size()); }
  uint32_t shares_of(uint32_t row) const { return shares.empty() ? kUsualShares : shares[row]; }
  bool keeps_moments(uint32_t row) const { return table.roles[roles[row]].keeps_moments; }
};

// A plane of one 4-byte element per Gaussian, in the backend's memory.
struct MovedPlane {
  void* at;
  bool only_kept;  // set to 0 in rows that keep no moments
};

// Plans an edit, see tame_trainer_edit_rows. kinds: of each old row; copies: how many each gives, or empty for one
// each. Throws TAME_INVALID_ARGUMENT if they are inconsistent or exceed `capacity`.
RowEdit make_row_edit(const Values& kinds, const Values& copies, const std::vector<tame_row_kind>& table,
                      const tame_edit& edit, uint32_t capacity, Threads& threads);

}  // namespace tame
