// The functions and operators of expressions, on blocks of rows. See tame_trainer_compute.
#pragma once

#include <cstddef>
#include <string_view>

namespace tame {

// 1 to 3 arguments of n rows each to n results, in 32-bit arithmetic; `out` overlaps no argument.
struct Operation {
  const char* text;  // a function's name or an operator's sign
  int arguments;
  void (*apply)(const float* a, const float* b, const float* c, float* out, size_t n);
};

constexpr int kPrecedences = 5;  // of binary operators, from weak to strong

// The function of that name; null if there is none.
const Operation* function_named(std::string_view name);
// The binary operator of a precedence that `text` begins with; null if it begins with none.
const Operation* operator_at(std::string_view text, int precedence);
// The unary operator that `text` begins with; null if it begins with none.
const Operation* unary_operator_at(std::string_view text);

}  // namespace tame
