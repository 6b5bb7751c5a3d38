// Entry points of Gaussians.
#include "../core/activations.h"
#include "boundary.h"
#include "checks.h"
#include "entries.h"

using namespace tame;

namespace {

uint64_t field_width(uint32_t field, uint32_t sh_degree) {
  const uint64_t sh = 3 * sh_coefficients(sh_degree);
  switch (field) {
    case TAME_FIELD_MEANS:
    case TAME_FIELD_SH_DC:
    case TAME_FIELD_LOG_SCALES:
      return 3;
    case TAME_FIELD_SH_REST:
      return sh - 3;
    case TAME_FIELD_OPACITIES:
      return 1;
    case TAME_FIELD_QUATS:
      return 4;
    case TAME_FIELD_SH:
      return sh;
    case TAME_FIELD_PLY_ROWS:
      return 14 + sh;
  }
  fail(TAME_INVALID_ARGUMENT, "field is %u: expected TAME_FIELD_MEANS (0) to TAME_FIELD_PLY_ROWS (7)", field);
}

void check_rows(const Gaussians& gaussians, uint32_t field, uint32_t offset, uint32_t rows, const float* data,
                uint32_t data_length) {
  const uint64_t width = field_width(field, gaussians.sh_degree());
  const uint64_t end = uint64_t(offset) + rows;
  if (end > gaussians.count())
    fail(TAME_INVALID_ARGUMENT, "Rows %u to %llu of %u Gaussians: past the end", offset,
         static_cast<unsigned long long>(end), gaussians.count());
  check_array("data", data, data_length, rows * width);
}

// Turns the linear opacities in downloaded rows into logits.
void make_logits(uint32_t field, uint32_t sh_degree, uint32_t rows, float* data) {
  if (field != TAME_FIELD_OPACITIES && field != TAME_FIELD_PLY_ROWS) return;
  const uint64_t width = field_width(field, sh_degree);
  // A PLY row ends with opacity, three scales and a quaternion.
  const uint64_t column = field == TAME_FIELD_PLY_ROWS ? width - 8 : 0;
  for (uint64_t i = 0; i < rows; ++i) data[i * width + column] = core::logit_of_linear(data[i * width + column]);
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
    if (call->gaussians->linear_opacity()) make_logits(field, call->gaussians->sh_degree(), rows, data);
  });
}

tame_status tame_gaussians_close(tame_gaussians* gaussians, tame_error* err) {
  return attempt(err, [&] { close_child<GaussiansEntry>(gaussians); });
}
