// Writes statuses and messages: see boundary.h.
#include "boundary.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "failure.h"

namespace tame {
namespace {

static_assert(sizeof(tame_error) == 512, "tame.h promises 512 bytes");

// Length of the longest prefix that fits with a NUL and ends with a whole UTF-8 character: the text may be too long for
// the buffer, or formatting may have cut it anywhere.
size_t fitting_length(const char* text, size_t capacity) {
  const size_t length = std::min(std::strlen(text), capacity - 1);
  size_t last = length;  // start of the last character
  while (last > 0 && (static_cast<unsigned char>(text[last - 1]) & 0xC0) == 0x80) --last;
  if (last == 0) return 0;  // no character, or only a part of one
  const auto lead = static_cast<unsigned char>(text[--last]);
  const size_t bytes = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return last + bytes <= length ? length : last;
}

tame_status report(tame_error* err, tame_status status, const char* text, uint64_t wanted = 0,
                   uint64_t free = 0) noexcept {
  if (err == nullptr) return status;
  tame_error out = {};
  out.status = status;
  out.bytes_wanted = wanted;
  out.bytes_free = free;
  std::memcpy(out.message, text, fitting_length(text, sizeof out.message));
  std::memcpy(err, &out, sizeof out);  // the caller's buffer need not be aligned
  return status;
}

}  // namespace

void report_outcome(tame_error* err, tame_status status) noexcept {
  report(err, status, status == TAME_CANCELLED ? "Stopped by the control block's stop word" : "");
}

tame_status report_exception(tame_error* err) noexcept {
  try {
    throw;
  } catch (const Failure& failure) {
    return report(err, failure.status, failure.what(), failure.bytes_wanted, failure.bytes_free);
  } catch (const std::bad_alloc&) {
    return report(err, TAME_OUT_OF_MEMORY, "Out of host memory");
  } catch (const std::exception& exception) {
    return report(err, TAME_INTERNAL, exception.what());
  } catch (...) {
    return report(err, TAME_INTERNAL, "An exception of unknown type reached the C ABI");
  }
}

}  // namespace tame
