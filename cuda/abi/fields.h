// Fields of uploads and downloads: which plane each float of a row belongs to.
#pragma once

#include <vector>

#include "../core/layout.h"

namespace tame {

// The plane of each float of a row of TAME_PARAMETER_* or TAME_FIELD_*; -1: zero (a PLY vertex's normal). Throws
// TAME_INVALID_ARGUMENT if there is no such field.
std::vector<int> row_planes(const Layout& layout, uint32_t field);

}  // namespace tame
