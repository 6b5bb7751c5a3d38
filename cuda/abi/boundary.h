// Fallible entry points run in attempt() or attempt_open(), so that no exception leaves the library.
#pragma once

#include <type_traits>

#include "../tame.h"

namespace tame {

// Writes TAME_OK or TAME_CANCELLED to *err, which may be NULL here and below.
void report_outcome(tame_error* err, tame_status status) noexcept;
// Turns the exception being handled into a status and writes it to *err.
tame_status report_exception(tame_error* err) noexcept;

template <class Body>
tame_status attempt(tame_error* err, const Body& body) noexcept {
  try {
    tame_status status = TAME_OK;
    if constexpr (std::is_void_v<decltype(body())>) {
      body();
    } else {
      status = body();
    }
    report_outcome(err, status);
    return status;
  } catch (...) {
    return report_exception(err);
  }
}

// For calls that create an object: the body returns the handle.
template <class Body>
auto attempt_open(tame_error* err, const Body& body) noexcept -> decltype(body()) {
  try {
    const auto handle = body();
    report_outcome(err, TAME_OK);
    return handle;
  } catch (...) {
    report_exception(err);
    return nullptr;
  }
}

}  // namespace tame
