// See fields.h; also the entry point that reads the table of parameters.
#include "fields.h"

#include <cstdio>

#include "boundary.h"
#include "checks.h"
#include "failure.h"

namespace tame {

namespace {

void append_ply_columns(const Layout& layout, uint32_t parameter, std::vector<int>& planes) {
  const Layout::Range range = layout.range(parameter);
  if (parameter == TAME_PARAMETER_SH_REST) {
    for (int channel = 0; channel < 3; ++channel)
      for (int plane = range.first + channel; plane < range.last; plane += 3) planes.push_back(plane);
    return;
  }
  for (int plane = range.first; plane < range.last; ++plane) planes.push_back(plane);
  if (parameter == TAME_PARAMETER_MEANS) planes.insert(planes.end(), 3, -1);
}

}  // namespace

std::vector<int> row_planes(const Layout& layout, uint32_t field) {
  std::vector<int> planes;
  if (field == TAME_FIELD_PLY_ROWS) {
    for (uint32_t parameter = 0; parameter < TAME_PARAMETERS; ++parameter)
      append_ply_columns(layout, parameter, planes);
    return planes;
  }
  if (field >= TAME_PARAMETERS && field != TAME_FIELD_SH)
    fail(TAME_INVALID_ARGUMENT, "field is %u: expected a parameter (0 to %u), TAME_FIELD_SH (%u) or PLY_ROWS (%u)",
         field, TAME_PARAMETERS - 1, TAME_FIELD_SH, TAME_FIELD_PLY_ROWS);
  const Layout::Range range = layout.range(field);
  for (int plane = range.first; plane < range.last; ++plane) planes.push_back(plane);
  return planes;
}

}  // namespace tame

using namespace tame;

tame_status tame_parameter_get_info(uint32_t parameter, uint32_t sh_degree, tame_parameter_info* info,
                                    uint32_t info_bytes, tame_error* err) {
  return attempt(err, [&] {
    check_count("parameter", parameter, 0, TAME_PARAMETERS - 1);
    check_sh_degree(sh_degree);
    const ParameterRow& row = kParameterRows[parameter];
    const Layout::Range range = Layout{int(sh_degree)}.range(parameter);
    tame_parameter_info out = {};
    out.floats = uint32_t(range.last - range.first);
    out.rate = row.rate;
    std::snprintf(out.name, sizeof out.name, "%s", row.name);
    std::snprintf(out.ply_columns, sizeof out.ply_columns, "%s", row.ply_columns);
    write_struct("info", info, info_bytes, out);
  });
}
