// Texts that a caller passes: UTF-8 with a length.
#pragma once

#include <string_view>

#include "checks.h"

namespace tame {

constexpr uint32_t kLongestText = 4096;  // bytes

// The text, in the caller's memory. It may be empty only if `optional` is true.
inline std::string_view read_text(const char* name, const char* text, uint32_t length, bool optional = false) {
  check_count(name, length, optional ? 0 : 1, kLongestText);
  check_array(name, text, length, length);
  return {length == 0 ? "" : text, length};
}

}  // namespace tame
