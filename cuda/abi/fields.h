// What Gaussians are uploaded and downloaded as: the planes behind the floats of a row.
#pragma once

#include <vector>

#include "../core/layout.h"

namespace tame {

// The plane behind each float of a row of TAME_PARAMETER_* or TAME_FIELD_*; -1: zero (a PLY vertex's normal). Throws
// TAME_INVALID_ARGUMENT where there is no such field.
std::vector<int> row_planes(const Layout& layout, uint32_t field);

}  // namespace tame
