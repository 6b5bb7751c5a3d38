// Entry points about the library itself and the devices it finds.
#include <cstring>

#include "backend.h"
#include "boundary.h"
#include "checks.h"

using namespace tame;

uint32_t tame_abi_version(void) {
  return TAME_ABI_VERSION;
}

tame_status tame_build_info(char* text, uint32_t text_bytes, tame_error* err) {
  return attempt(err, [&] {
    const std::string info = backend::build_info();
    check_array("text", text, text_bytes, info.size() + 1);
    std::memcpy(text, info.c_str(), info.size() + 1);
  });
}

tame_status tame_device_count(uint32_t* count, uint32_t count_length, tame_error* err) {
  return attempt(err, [&] {
    check_array("count", count, count_length, 1);
    *count = backend::device_count();
  });
}

tame_status tame_device_get_info(uint32_t index, tame_device_info* info, uint32_t info_bytes, tame_error* err) {
  return attempt(err, [&] {
    known_bytes("info", info, info_bytes, uint32_t(sizeof *info));
    const uint32_t count = backend::device_count();
    if (index >= count) fail(TAME_NO_DEVICE, "No device with index %u: this library sees %u", index, count);
    tame_device_info out = {};
    backend::device_info(index, out);
    write_struct("info", info, info_bytes, out);
  });
}
