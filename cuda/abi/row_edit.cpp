// See row_edit.h.
#include "row_edit.h"

#include <algorithm>
#include <atomic>
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
uint32_t copies_of(const Values& copies, uint32_t row) {
  const float n = copies[row];
  if (!(n >= 0 && n <= float(kMaxRows)) || n != std::floor(n))
    fail(TAME_INVALID_ARGUMENT, "copies is %g at row %u: expected a whole number from 0", double(n), row);
  return uint32_t(n);
}

class Editing {
 public:
  Editing(const Values& kinds, const Values& copies, const std::vector<tame_row_kind>& table, bool children_last,
          Threads& threads)
      : children_last_(children_last), threads_(threads), kinds_(kinds.size()) {
    for (uint32_t k = 0; k < table.size(); ++k) {
      const uint32_t operation = operations_[k] = table[k].operation;
      const bool splits = operation == TAME_ROW_SPLIT;
      add_roles(table[k], edit.table.roles + kParts * k);
      stays_[k] = operation != TAME_ROW_REMOVE && !(splits && children_last);
      appends_[k] = operation == TAME_ROW_COPY || operation == TAME_ROW_ADD_CHILD || (splits && !children_last);
      appended_roles_[k] = uint8_t(kParts * k + (splits ? kSecond : kAppended));
    }
    edit.table.roles[kUnchanged].keeps_moments = true;
    std::atomic<uint32_t> wrong{UINT32_MAX};  // the first row of no kind
    threads_.ranges(kinds.size(), [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        kinds_[i] = kinds[i] >= 0 && kinds[i] < float(table.size()) ? uint8_t(kinds[i]) : 0;
        if (float(kinds_[i]) == kinds[i]) continue;
        uint32_t first = wrong.load();
        while (i < first && !wrong.compare_exchange_weak(first, uint32_t(i))) {
        }
        return;
      }
    });
    if (wrong.load() != UINT32_MAX)
      fail(TAME_INVALID_ARGUMENT, "kinds is %g at row %u: expected a whole number from 0 to %zu",
           double(kinds[wrong.load()]), wrong.load(), table.size() - 1);
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

  void run(uint32_t capacity) {
    add_rows(
        capacity, [this](size_t i) { return size_t(stays_[kinds_[i]]); }, [this](size_t i) { return stayed(i); });
    add_rows(
        capacity, [this](size_t i) { return appends_[kinds_[i]] ? copies(i) : 0; },
        [this](size_t i) {
          return NewRow{uint32_t(i), appended_roles_[kinds_[i]]};
        });
    if (!children_last_) return;
    for (const Part part : {kAppended, kSecond})
      add_rows(
          capacity, [this](size_t i) { return size_t(is_split(i)); },
          [&](size_t i) {
            return NewRow{uint32_t(i), uint8_t(kParts * kinds_[i] + part)};
          });
  }

  RowEdit edit;

 private:
  struct NewRow {
    uint32_t source;
    uint8_t role;
  };

  uint32_t operation(size_t row) const { return operations_[kinds_[row]]; }
  size_t copies(size_t row) const { return given_.empty() ? 1 : given_[row]; }
  bool is_split(size_t row) const { return operation(row) == TAME_ROW_SPLIT; }

  // Assigns each relocated row, in order, the row that it becomes a copy of.
  void assign_donors() {
    uint64_t copies = 0;
    std::vector<uint32_t> relocated;
    for (uint32_t i = 0; i < kinds_.size(); ++i) {
      if (operation(i) == TAME_ROW_RELOCATE) relocated.push_back(i);
      if (operation(i) == TAME_ROW_GIVE_COPIES) copies += given_.empty() ? 1 : given_[i];
    }
    if (copies != relocated.size())
      fail(TAME_INVALID_ARGUMENT, "%zu rows are to be relocated, and %llu copies are given", relocated.size(),
           Big(copies));
    donors_.resize(kinds_.size());
    for (uint32_t i = 0, next = 0; i < kinds_.size(); ++i) {
      if (operation(i) != TAME_ROW_GIVE_COPIES) continue;
      for (uint32_t k = given_.empty() ? 1 : given_[i]; k > 0; --k) donors_[relocated[next++]] = i;
    }
  }

  // Appends new rows: count_of(i) times row_of(i) for each old row i.
  template <class CountOf, class RowOf>
  void add_rows(uint32_t capacity, const CountOf& count_of, const RowOf& row_of) {
    const size_t first = edit.sources.size();
    const auto size = [&](size_t more) {
      if (first + more > capacity)
        fail(TAME_INVALID_ARGUMENT, "The edit makes more rows than the Gaussians' capacity of %u", capacity);
      edit.sources.resize(first + more);
      edit.roles.resize(first + more);
      if (!given_.empty()) edit.shares.resize(first + more);
    };
    threads_.compact(kinds_.size(), count_of, size, [&](size_t place, size_t i) { put(first + place, row_of(i)); });
  }

  NewRow stayed(size_t i) const {
    if (donors_.empty() || operation(i) != TAME_ROW_RELOCATE)
      return {uint32_t(i), uint8_t(kParts * kinds_[i] + kStays)};
    return {donors_[i], uint8_t(kParts * kinds_[donors_[i]] + kAppended)};
  }

  void put(size_t place, const NewRow& row) {
    edit.sources[place] = row.source;
    edit.roles[place] = row.role;
    if (given_.empty()) return;
    const bool gives = gives_copies(operation(row.source));
    if (gives && given_[row.source] == 0) edit.roles[place] = kUnchanged;  // nothing to share with
    edit.shares[place] = gives ? 1 + given_[row.source] : kUsualShares;
  }

  const bool children_last_;
  Threads& threads_;
  uint32_t operations_[TAME_MOST_ROW_KINDS] = {};
  bool stays_[TAME_MOST_ROW_KINDS] = {}, appends_[TAME_MOST_ROW_KINDS] = {};
  uint8_t appended_roles_[TAME_MOST_ROW_KINDS] = {};
  std::vector<uint8_t> kinds_;
  std::vector<uint32_t> given_;  // copies of each row; empty: one each
  std::vector<uint32_t> donors_;
};

}  // namespace

RowEdit make_row_edit(const Values& kinds, const Values& copies, const std::vector<tame_row_kind>& table,
                      const tame_edit& options, uint32_t capacity, Threads& threads) {
  for (uint32_t k = 0; k < table.size(); ++k) {
    try {
      check_kind(table[k]);
    } catch (const Failure& failure) {
      fail(failure.status, "Row kind %u: %s", k, failure.what());
    }
  }
  Editing editing(kinds, copies, table, options.children_last != 0, threads);
  editing.edit.iteration = options.iteration;
  editing.edit.round = options.round;
  editing.run(capacity);
  if (editing.edit.size() == 0 && !kinds.empty())
    fail(TAME_INVALID_ARGUMENT, "The edit removes every row: at least one must stay");
  return std::move(editing.edit);
}

}  // namespace tame
