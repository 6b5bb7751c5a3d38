// The exception type of the native code: a status with a message for the user.
#pragma once

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>

#include "../tame.h"

namespace tame {

class Failure : public std::exception {
 public:
  Failure(tame_status status, std::string text, uint64_t wanted = 0, uint64_t free = 0)
      : status(status), bytes_wanted(wanted), bytes_free(free), text_(std::move(text)) {}
  const char* what() const noexcept override { return text_.c_str(); }

  const tame_status status;
  const uint64_t bytes_wanted;
  const uint64_t bytes_free;

 private:
  std::string text_;
};

[[noreturn]] __attribute__((format(printf, 2, 3))) inline void fail(tame_status status, const char* format, ...) {
  char text[480];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  throw Failure(status, text);
}

}  // namespace tame
