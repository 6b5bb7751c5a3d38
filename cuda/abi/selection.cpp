// Entry points with which strategies select and change Gaussians: columns, draws, ranks, edits of rows. See tame.h.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "boundary.h"
#include "checks.h"
#include "draw.h"
#include "entries.h"
#include "text.h"

using namespace tame;

namespace {

// Rows where an expression is not 0; all rows if it is empty.
UnsetVector<uint32_t> members_of(const Trainer& trainer, const char* what, std::string_view expression) {
  const uint32_t count = trainer.gaussians->count();
  UnsetVector<uint32_t> members;
  if (expression.empty()) {
    members.resize(count);
    std::iota(members.begin(), members.end(), 0u);
    return members;
  }
  const Values among = trainer.columns.evaluate(what, expression);
  trainer.state.threads().compact(
      count, [&](size_t i) { return among[i] != 0; }, [&](size_t n) { members.resize(n); },
      [&](size_t place, size_t i) { members[place] = uint32_t(i); });
  return members;
}

// The members with their sort keys. NaN, which cannot be ordered, counts as 0.
UnsetVector<Ticket> tickets_of(const Trainer& trainer, std::string_view by, std::string_view among) {
  const UnsetVector<uint32_t> members = members_of(trainer, "among", among);
  const Values values = trainer.columns.evaluate("by", by);
  UnsetVector<Ticket> tickets(members.size());
  trainer.state.threads().ranges(members.size(), [&](size_t begin, size_t end) {
    for (size_t k = begin; k < end; ++k) {
      const float value = values[members[k]];
      tickets[k] = {std::isnan(value) ? 0.f : value, members[k]};
    }
  });
  return tickets;
}

// Lane k adds rows k, k + 8, …, and the lanes are added in order.
double sum_of(const Values& column) {
  constexpr size_t kLanes = 8;
  double lanes[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= column.size(); i += kLanes)
    for (size_t k = 0; k < kLanes; ++k) lanes[k] += column[i + k];
  for (size_t k = 0; i + k < column.size(); ++k) lanes[k] += column[i + k];
  return std::accumulate(lanes, lanes + kLanes, 0.0);
}

std::vector<tame_row_kind> read_kinds(const void* table, uint32_t table_bytes, uint32_t n, uint32_t stride) {
  check_count("n", n, 1, TAME_MOST_ROW_KINDS);
  check_array("table", table, table_bytes, uint64_t(n) * stride, 1);
  std::vector<tame_row_kind> kinds;
  for (uint32_t k = 0; k < n; ++k)
    kinds.push_back(
        read_struct<tame_row_kind>("table", static_cast<const uint8_t*>(table) + uint64_t(k) * stride, stride));
  return kinds;
}

}  // namespace

tame_status tame_trainer_compute(tame_trainer* trainer, const char* column, uint32_t column_length,
                                 const char* expression, uint32_t expression_length, const char* rows,
                                 uint32_t rows_length, uint32_t places, tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    Columns& columns = call->trainer->columns;
    const std::string_view name = read_text("column", column, column_length);
    const std::string_view text = read_text("expression", expression, expression_length);
    const std::string_view where = read_text("rows", rows, rows_length, true);
    check_count("places", places, TAME_COLUMN_FOLLOWS, TAME_COLUMN_STAYS);
    columns.check_writable(name);
    Values values = columns.evaluate("expression", text);
    const bool stays = places == TAME_COLUMN_STAYS;
    if (where.empty())
      columns.write(name, std::move(values), stays);
    else
      columns.write_at(name, std::move(values), columns.evaluate("rows", where), stays);
  });
}

tame_status tame_trainer_evaluate(tame_trainer* trainer, const char* expression, uint32_t expression_length,
                                  float* values, uint32_t values_length, tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    const std::string_view text = read_text("expression", expression, expression_length);
    check_array("values", values, values_length, call->trainer->gaussians->count());
    const Values column = call->trainer->columns.evaluate("expression", text);
    std::copy(column.begin(), column.end(), values);
  });
}

tame_status tame_trainer_sum(tame_trainer* trainer, const char* expression, uint32_t expression_length, double* sum,
                             uint32_t sum_length, tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    const std::string_view text = read_text("expression", expression, expression_length);
    check_array("sum", sum, sum_length, 1);
    const Values column = call->trainer->columns.evaluate("expression", text);
    *sum = sum_of(column);
  });
}

tame_status tame_trainer_drop_columns(tame_trainer* trainer, tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    call->trainer->columns.drop();
  });
}

tame_status tame_trainer_select(tame_trainer* trainer, const char* column, uint32_t column_length, const char* by,
                                uint32_t by_length, const char* among, uint32_t among_length, uint32_t count,
                                tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    const std::string_view name = read_text("column", column, column_length);
    const std::string_view order = read_text("by", by, by_length);
    UnsetVector<Ticket> tickets = tickets_of(*call->trainer, order, read_text("among", among, among_length, true));
    keep_first(tickets, count, call->trainer->state.threads());
    Values marks(call->trainer->gaussians->count(), 0.f);
    for (const Ticket& t : tickets) marks[t.index] = 1.f;
    call->trainer->columns.write(name, std::move(marks));
  });
}

tame_status tame_trainer_rank(tame_trainer* trainer, const char* column, uint32_t column_length, const char* by,
                              uint32_t by_length, const char* among, uint32_t among_length, tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    const std::string_view name = read_text("column", column, column_length);
    const std::string_view order = read_text("by", by, by_length);
    UnsetVector<Ticket> tickets = tickets_of(*call->trainer, order, read_text("among", among, among_length, true));
    std::sort(tickets.begin(), tickets.end());
    Values ranks(call->trainer->gaussians->count(), float(tickets.size()));
    for (size_t place = 0; place < tickets.size(); ++place) ranks[tickets[place].index] = float(place);
    call->trainer->columns.write(name, std::move(ranks));
  });
}

tame_status tame_trainer_draw(tame_trainer* trainer, const char* column, uint32_t column_length, const char* weights,
                              uint32_t weights_length, const char* among, uint32_t among_length, const tame_draw* draw,
                              uint32_t draw_bytes, tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    const std::string_view name = read_text("column", column, column_length);
    const std::string_view text = read_text("weights", weights, weights_length);
    const std::string_view where = read_text("among", among, among_length, true);
    const auto chosen = read_struct<tame_draw>("draw", draw, draw_bytes);
    check_count("draw.replacement", chosen.replacement, 0, 1);
    check_count("draw.iteration", chosen.iteration, 1, UINT32_MAX);  // streams may share a number with iteration 0
    const UnsetVector<uint32_t> members = members_of(*call->trainer, "among", where);
    const Values values = call->trainer->columns.evaluate("weights", text);
    const Drawing drawing = {call.device()->backend().seed, chosen.stream, chosen.iteration, chosen.round};
    Values drawn(values.size(), 0.f);
    if (chosen.replacement != 0) {
      check_count("draw.count", chosen.count, 0, kMaxRows);
      for (const uint32_t i : draw_repeatedly(members, values, chosen.count, drawing)) drawn[i] += 1.f;
    } else {
      for (const Ticket& t : tame::draw(members, values, chosen.count, drawing, call->trainer->state.threads()))
        drawn[t.index] = 1.f;
    }
    call->trainer->columns.write(name, std::move(drawn));
  });
}

tame_status tame_trainer_edit_rows(tame_trainer* trainer, const char* kinds, uint32_t kinds_length, const char* copies,
                                   uint32_t copies_length, const void* table, uint32_t table_bytes, uint32_t n,
                                   uint32_t stride, const tame_edit* edit, uint32_t edit_bytes, uint32_t* count,
                                   uint32_t count_length, tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    Trainer& chosen = *call->trainer;
    const std::string_view kind_text = read_text("kinds", kinds, kinds_length);
    const std::string_view copy_text = read_text("copies", copies, copies_length, true);
    const std::vector<tame_row_kind> row_kinds = read_kinds(table, table_bytes, n, stride);
    const auto options = read_struct<tame_edit>("edit", edit, edit_bytes);
    check_count("edit.children_last", options.children_last, 0, 1);
    check_array("count", count, count_length, 1);
    const RowEdit made = make_row_edit(chosen.columns.evaluate("kinds", kind_text),
                                       copy_text.empty() ? Values() : chosen.columns.evaluate("copies", copy_text),
                                       row_kinds, options, chosen.gaussians->capacity(), chosen.state.threads());
    if (made.size() != 0) {
      chosen.state.edit(made);
      chosen.columns.follow(made);
    }
    *count = chosen.gaussians->count();
  });
}
