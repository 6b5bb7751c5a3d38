// Expressions over columns, evaluated in 32-bit arithmetic in the order written. See tame_trainer_compute.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "threads.h"
#include "values.h"

namespace tame {

// The values of a column by name, one per Gaussian, valid until the evaluation ends; null if there is no such column.
using ColumnSource = std::function<const float*(std::string_view name)>;

// Evaluates `text` over `rows` Gaussians. what: the parameter's name in errors, which are TAME_INVALID_ARGUMENT and
// give the position in the text.
Values evaluate_expression(const char* what, std::string_view text, size_t rows, const ColumnSource& columns,
                           Threads& threads);

}  // namespace tame
