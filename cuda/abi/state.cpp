// Entry points of a trainer's state: its columns, exported and imported in chunks, and its progress.
#include <algorithm>
#include <cstdio>

#include "boundary.h"
#include "checks.h"
#include "entries.h"
#include "text.h"

using namespace tame;

namespace {

StateColumn column_at(const Trainer& trainer, uint32_t index) {
  const std::vector<StateColumn> columns = trainer.state.columns();
  if (index >= columns.size())
    fail(TAME_INVALID_ARGUMENT, "column %u does not exist: there are %zu", index, columns.size());
  return columns[index];
}

void check_rows(const TrainingState& state, const StateColumn& column, uint32_t offset, uint32_t rows, const void* data,
                uint32_t data_bytes) {
  const uint64_t end = uint64_t(offset) + rows;
  if (end > state.rows_of(column))
    fail(TAME_INVALID_ARGUMENT, "Rows %u to %llu of %u of the column %s: past the end", offset,
         static_cast<unsigned long long>(end), state.rows_of(column), column.name.c_str());
  check_array("data", data, data_bytes, uint64_t(rows) * column.values * sizeof(uint32_t), alignof(uint32_t));
}

}  // namespace

tame_status tame_trainer_column_count(tame_trainer* trainer, uint32_t* count, uint32_t count_length, tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    check_array("count", count, count_length, 1);
    *count = uint32_t(call->trainer->state.columns().size());
  });
}

tame_status tame_trainer_column_get_info(tame_trainer* trainer, uint32_t column, tame_column_info* info,
                                         uint32_t info_bytes, tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    const StateColumn chosen = column_at(*call->trainer, column);
    tame_column_info out = {};
    out.values = chosen.values;
    out.integer = chosen.integer ? 1 : 0;
    out.rows = call->trainer->state.rows_of(chosen);
    std::snprintf(out.name, sizeof out.name, "%s", chosen.name.c_str());
    write_struct("info", info, info_bytes, out);
  });
}

tame_status tame_trainer_export(tame_trainer* trainer, uint32_t column, uint32_t offset, uint32_t rows, void* data,
                                uint32_t data_bytes, tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    const TrainingState& state = call->trainer->state;
    const StateColumn chosen = column_at(*call->trainer, column);
    check_rows(state, chosen, offset, rows, data, data_bytes);
    state.read_rows(chosen, offset, rows, static_cast<uint32_t*>(data));
  });
}

tame_status tame_trainer_import(tame_trainer* trainer, uint32_t column, uint32_t offset, uint32_t rows,
                                const void* data, uint32_t data_bytes, tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    TrainingState& state = call->trainer->state;
    check_rows(state, column_at(*call->trainer, column), offset, rows, data, data_bytes);
    if (column_at(*call->trainer, column).base == nullptr) state.need_scores();
    state.write_rows(column_at(*call->trainer, column), offset, rows, static_cast<const uint32_t*>(data));
  });
}

tame_status tame_trainer_non_finite(tame_trainer* trainer, uint32_t* count, uint32_t count_length, tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    check_array("count", count, count_length, 1);
    *count = call->trainer->state.count_non_finite();
  });
}

tame_status tame_trainer_get_progress(tame_trainer* trainer, tame_progress* progress, uint32_t progress_bytes,
                                      tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    const Trainer& chosen = *call->trainer;
    tame_progress out = {};
    out.count = chosen.gaussians->count();
    out.opacity_mode = chosen.gaussians->linear_opacity() ? TAME_OPACITY_LINEAR : TAME_OPACITY_LOGIT;
    out.live_sh_degree = uint32_t(chosen.state.history.live_degree);
    std::copy_n(chosen.state.history.steps, TAME_PARAMETERS, out.steps);
    write_struct("progress", progress, progress_bytes, out);
  });
}

tame_status tame_trainer_set_progress(tame_trainer* trainer, const tame_progress* progress, uint32_t progress_bytes,
                                      tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    Trainer& chosen = *call->trainer;
    const auto wanted = read_struct<tame_progress>("progress", progress, progress_bytes);
    check_count("progress.count", wanted.count, 0, chosen.gaussians->capacity());
    check_count("progress.opacity_mode", wanted.opacity_mode, TAME_OPACITY_LOGIT, TAME_OPACITY_LINEAR);
    check_count("progress.live_sh_degree", wanted.live_sh_degree, 0, chosen.gaussians->sh_degree());
    chosen.columns.drop();
    chosen.gaussians->resize(wanted.count);
    chosen.state.set_opacity_mode(wanted.opacity_mode == TAME_OPACITY_LINEAR);
    chosen.state.history.live_degree = int(wanted.live_sh_degree);
    std::copy_n(wanted.steps, TAME_PARAMETERS, chosen.state.history.steps);
  });
}

tame_status tame_trainer_reset_statistics(tame_trainer* trainer, tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    call->trainer->state.clear_statistics();
  });
}

tame_status tame_trainer_clear_moments(tame_trainer* trainer, uint32_t mask, const char* rows, uint32_t rows_length,
                                       tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    check_count("mask", mask, 0, (1u << TAME_PARAMETERS) - 1);
    const std::string_view where = read_text("rows", rows, rows_length, true);
    if (call->trainer->gaussians->count() == 0) return;
    call->trainer->state.clear_moments(mask, where.empty() ? Values() : call->trainer->columns.evaluate("rows", where));
  });
}
