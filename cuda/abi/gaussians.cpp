// Entry points of Gaussians.
#include <algorithm>

#include "../core/activations.h"
#include "boundary.h"
#include "checks.h"
#include "entries.h"
#include "fields.h"

using namespace tame;

namespace {

void check_rows(const Gaussians& gaussians, uint32_t field, uint32_t offset, uint32_t rows, const float* data,
                uint32_t data_length) {
  const uint64_t width = row_planes(gaussians.layout(), field).size();
  const uint64_t end = uint64_t(offset) + rows;
  if (end > gaussians.count())
    fail(TAME_INVALID_ARGUMENT, "Rows %u to %llu of %u Gaussians: past the end", offset,
         static_cast<unsigned long long>(end), gaussians.count());
  check_array("data", data, data_length, rows * width);
}

// Removes the rows that have a value that is not finite; returns how many are left, which are then at the front.
uint32_t keep_finite(uint32_t rows, size_t width, float* data) {
  uint32_t kept = 0;
  for (size_t i = 0; i < rows; ++i) {
    const float* const row = data + i * width;
    uint32_t mark = 0;
    for (size_t c = 0; c < width; ++c) mark |= core::is_non_finite(row[c]);
    if (mark != 0) continue;
    if (kept != i) std::copy_n(row, width, data + kept * width);
    ++kept;
  }
  return kept;
}

// Converts the linear opacities in downloaded rows to logits.
void make_logits(const Layout& layout, uint32_t field, uint32_t rows, float* data) {
  const std::vector<int> planes = row_planes(layout, field);
  for (size_t c = 0; c < planes.size(); ++c) {
    if (planes[c] != layout.opacity()) continue;
    for (size_t i = 0; i < rows; ++i) data[i * planes.size() + c] = core::logit_of_linear(data[i * planes.size() + c]);
  }
}

}  // namespace

tame_gaussians* tame_gaussians_create(tame_device* device, uint32_t capacity, uint32_t sh_degree, tame_error* err) {
  return attempt_open(err, [&] {
    const Call<DeviceEntry> call(device);
    check_count("capacity", capacity, 1, kMaxRows);
    check_sh_degree(sh_degree);
    return static_cast<tame_gaussians*>(open_handle(
        std::make_shared<GaussiansEntry>(call.device(), call->backend().make_gaussians(capacity, sh_degree))));
  });
}

tame_status tame_gaussians_count(tame_gaussians* gaussians, uint32_t* count, uint32_t count_length, tame_error* err) {
  return attempt(err, [&] {
    const Call<GaussiansEntry> call(gaussians);
    check_array("count", count, count_length, 1);
    *count = call->gaussians->count();
  });
}

tame_status tame_gaussians_resize(tame_gaussians* gaussians, uint32_t count, tame_error* err) {
  return attempt(err, [&] {
    const Call<GaussiansEntry> call(gaussians);
    call->claim("resize");
    check_count("count", count, 0, call->gaussians->capacity());
    call->gaussians->resize(count);
  });
}

tame_status tame_gaussians_upload(tame_gaussians* gaussians, uint32_t field, uint32_t offset, uint32_t rows,
                                  const float* data, uint32_t data_length, tame_error* err) {
  return attempt(err, [&] {
    const Call<GaussiansEntry> call(gaussians);
    call->claim("upload");
    check_rows(*call->gaussians, field, offset, rows, data, data_length);
    call->gaussians->upload(field, offset, rows, data);
  });
}

tame_status tame_gaussians_download(tame_gaussians* gaussians, uint32_t field, uint32_t offset, uint32_t rows,
                                    float* data, uint32_t data_length, tame_error* err) {
  return attempt(err, [&] {
    const Call<GaussiansEntry> call(gaussians);
    check_rows(*call->gaussians, field, offset, rows, data, data_length);
    call->gaussians->download(field, offset, rows, data);
    if (call->gaussians->linear_opacity()) make_logits(call->gaussians->layout(), field, rows, data);
  });
}

tame_status tame_gaussians_download_finite(tame_gaussians* gaussians, uint32_t offset, uint32_t rows, float* data,
                                           uint32_t data_length, uint32_t* count, uint32_t count_length,
                                           tame_error* err) {
  return attempt(err, [&] {
    const Call<GaussiansEntry> call(gaussians);
    check_array("count", count, count_length, 1);
    const Gaussians& chosen = *call->gaussians;
    check_rows(chosen, TAME_FIELD_PLY_ROWS, offset, rows, data, data_length);
    chosen.download(TAME_FIELD_PLY_ROWS, offset, rows, data);
    // Before the conversion, which makes logits of any value.
    *count = keep_finite(rows, row_planes(chosen.layout(), TAME_FIELD_PLY_ROWS).size(), data);
    if (chosen.linear_opacity()) make_logits(chosen.layout(), TAME_FIELD_PLY_ROWS, *count, data);
  });
}

tame_status tame_gaussians_non_finite(tame_gaussians* gaussians, uint32_t* count, uint32_t count_length,
                                      tame_error* err) {
  return attempt(err, [&] {
    const Call<GaussiansEntry> call(gaussians);
    check_array("count", count, count_length, 1);
    const Gaussians& chosen = *call->gaussians;
    *count = call.device()->backend().count_non_finite({{chosen.planes(), chosen.layout().planes()}}, chosen.count());
  });
}

tame_status tame_gaussians_close(tame_gaussians* gaussians, tame_error* err) {
  return attempt(err, [&] { close_child<GaussiansEntry>(gaussians); });
}
