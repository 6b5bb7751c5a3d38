// See row_edit.h.
#include "row_edit.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "checks.h"
#include "failure.h"

namespace tame {

namespace {

using Big = unsigned long long;  // for printf's %llu

// A kind's row that stays, the row appended, and the second one appended: offsets into its roles.
enum Part : uint8_t { kStays, kAppended, kSecond, kParts };

bool gives_copies(uint32_t operation) {
  return operation == TAME_ROW_COPY || operation == TAME_ROW_GIVE_COPIES;
}

void check_kind(const tame_row_kind& kind) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  check_count("operation", kind.operation, TAME_ROW_KEEP, TAME_ROW_GIVE_COPIES);
  check_count("place", kind.place, TAME_PLACE_SAME, TAME_PLACE_LONG_AXIS);
  check_count("share", kind.share, TAME_SHARE_NONE, TAME_SHARE_FACTOR);
  check_range("opacity_factor", kind.opacity_factor, 0.f, 1.f);
  check_range("offset", kind.offset, 0.f, kLargest);
  check_range("log_scale", kind.log_scale, -kLargest, kLargest);
  check_range("log_scale_others", kind.log_scale_others, -kLargest, kLargest);
  check_count("clear_moments", kind.clear_moments, 0, 1);
}

void add_roles(const tame_row_kind& kind, RowRole roles[kParts]) {
  RowRole copy = {};
  copy.share = kind.share;
  copy.opacity_factor = kind.opacity_factor;
  RowRole child = copy;
  child.child = true;
  child.place = kind.place;
  child.offset = kind.offset;
  child.log_scale = kind.log_scale;
  child.log_scale_others = kind.log_scale_others;
  switch (kind.operation) {
    case TAME_ROW_SPLIT:
      roles[kStays] = roles[kAppended] = roles[kSecond] = child;
      roles[kSecond].second = true;
      return;
    case TAME_ROW_ADD_CHILD:
      roles[kAppended] = child;
      break;
    case TAME_ROW_COPY:
    case TAME_ROW_GIVE_COPIES:
      roles[kStays] = roles[kAppended] = copy;
      break;
    default:
      break;
  }
  roles[kStays].keeps_moments = kind.clear_moments == 0;
}

// A row's number of copies.
uint32_t copies_of(const std::vector<float>& copies, uint32_t row) {
  const float n = copies[row];
  if (!(n >= 0 && n <= float(kMaxRows)) || n != std::floor(n))
    fail(TAME_INVALID_ARGUMENT, "copies is %g at row %u: expected a whole number from 0", double(n), row);
  return uint32_t(n);
}

class Editing {
 public:
  Editing(const std::vector<float>& kinds, const std::vector<float>& copies, const std::vector<tame_row_kind>& table,
          uint32_t capacity)
      : capacity_(capacity), kinds_(kinds.size()) {
    for (uint32_t k = 0; k < table.size(); ++k) {
      add_roles(table[k], edit.table.roles + kParts * k);
      operations_[k] = uint8_t(table[k].operation);
    }
    edit.table.roles[kUnchanged].keeps_moments = true;
    for (uint32_t i = 0; i < kinds.size(); ++i) {
      const uint8_t kind = kinds[i] >= 0 && kinds[i] < float(table.size()) ? uint8_t(kinds[i]) : 0;
      if (float(kind) != kinds[i])
        fail(TAME_INVALID_ARGUMENT, "kinds is %g at row %u: expected a whole number from 0 to %zu", double(kinds[i]), i,
             table.size() - 1);
      kinds_[i] = kind;
    }
    if (!copies.empty()) {
      given_.assign(kinds.size(), 1);
      for (uint32_t i = 0; i < kinds.size(); ++i)
        if (gives_copies(operation(i))) given_[i] = copies_of(copies, i);
    }
    const auto relocates = [](const tame_row_kind& kind) {
      return kind.operation == TAME_ROW_RELOCATE || kind.operation == TAME_ROW_GIVE_COPIES;
    };
    if (std::any_of(table.begin(), table.end(), relocates)) assign_donors();
  }

  void run(bool children_last) {
    edit.sources.reserve(kinds_.size());
    edit.roles.reserve(kinds_.size());
    stay(children_last);
    append(children_last);
    if (!children_last) return;
    for (const Part part : {kAppended, kSecond})
      for (uint32_t i = 0; i < kinds_.size(); ++i)
        if (operation(i) == TAME_ROW_SPLIT) add(i, i, part);
  }

  RowEdit edit;

 private:
  uint32_t operation(uint32_t row) const { return operations_[kinds_[row]]; }
  uint32_t given(uint32_t row) const { return given_.empty() ? 1 : given_[row]; }

  // Assigns each relocated row, in order, the row that it becomes a copy of.
  void assign_donors() {
    uint64_t copies = 0;
    std::vector<uint32_t> relocated;
    for (uint32_t i = 0; i < kinds_.size(); ++i) {
      if (operation(i) == TAME_ROW_RELOCATE) relocated.push_back(i);
      if (operation(i) == TAME_ROW_GIVE_COPIES) copies += given(i);
    }
    if (copies != relocated.size())
      fail(TAME_INVALID_ARGUMENT, "%zu rows are to be relocated, and %llu copies are given", relocated.size(),
           Big(copies));
    donors_.resize(kinds_.size());
    for (uint32_t i = 0, next = 0; i < kinds_.size(); ++i) {
      if (operation(i) != TAME_ROW_GIVE_COPIES) continue;
      for (uint32_t k = 0; k < given(i); ++k) donors_[relocated[next++]] = i;
    }
  }

  void stay(bool children_last) {
    for (uint32_t i = 0; i < kinds_.size(); ++i) {
      const uint32_t operation = this->operation(i);
      if (operation == TAME_ROW_REMOVE || (children_last && operation == TAME_ROW_SPLIT)) continue;
      if (operation == TAME_ROW_RELOCATE)
        add(donors_[i], donors_[i], kAppended);
      else
        add(i, i, kStays);
    }
  }

  void append(bool children_last) {
    for (uint32_t i = 0; i < kinds_.size(); ++i) {
      const uint32_t operation = this->operation(i);
      if (operation == TAME_ROW_SPLIT && !children_last) add(i, i, kSecond);
      if (operation == TAME_ROW_ADD_CHILD) add(i, i, kAppended);
      if (operation != TAME_ROW_COPY) continue;
      for (uint32_t k = 0; k < given(i); ++k) add(i, i, kAppended);
    }
  }

  // Adds a row from `source`, as a part of the kind of row `of`.
  void add(uint32_t source, uint32_t of, Part part) {
    if (edit.size() == capacity_)
      fail(TAME_INVALID_ARGUMENT, "The edit makes more rows than the Gaussians' capacity of %u", capacity_);
    edit.sources.push_back(source);
    const bool gives = !given_.empty() && gives_copies(operation(of));
    const bool alone = gives && given_[of] == 0;  // nothing to share with
    edit.roles.push_back(uint8_t(alone ? kUnchanged : kParts * kinds_[of] + part));
    if (!given_.empty()) edit.shares.push_back(gives ? 1 + given_[of] : kUsualShares);
  }

  const uint32_t capacity_;
  uint8_t operations_[TAME_MOST_ROW_KINDS] = {};
  std::vector<uint8_t> kinds_;
  std::vector<uint32_t> given_;  // copies of each row; empty: one each
  std::vector<uint32_t> donors_;
};

}  // namespace

RowEdit make_row_edit(const std::vector<float>& kinds, const std::vector<float>& copies,
                      const std::vector<tame_row_kind>& table, const tame_edit& options, uint32_t capacity) {
  for (uint32_t k = 0; k < table.size(); ++k) {
    try {
      check_kind(table[k]);
    } catch (const Failure& failure) {
      fail(failure.status, "Row kind %u: %s", k, failure.what());
    }
  }
  Editing editing(kinds, copies, table, capacity);
  editing.edit.iteration = options.iteration;
  editing.edit.round = options.round;
  editing.run(options.children_last != 0);
  if (editing.edit.size() == 0 && !kinds.empty())
    fail(TAME_INVALID_ARGUMENT, "The edit removes every row: at least one must stay");
  return std::move(editing.edit);
}

}  // namespace tame
