// Entry points of a device handle, including k-NN.
#include "boundary.h"
#include "checks.h"
#include "entries.h"

using namespace tame;

namespace {

constexpr uint32_t kMaxThreads = 256;
constexpr uint32_t kMaxNeighbours = 16;

}  // namespace

tame_device* tame_device_open(const tame_device_options* options, uint32_t options_bytes, tame_error* err) {
  return attempt_open(err, [&] {
    const auto chosen = read_struct<tame_device_options>("options", options, options_bytes);
    check_count("options.threads", chosen.threads, 0, kMaxThreads);
    const uint32_t count = backend::device_count();
    // If there is none at all, the backend's error says why.
    if (count > 0 && chosen.index >= count)
      fail(TAME_NO_DEVICE, "No device with index %u: this library sees %u", chosen.index, count);
    const auto entry = std::make_shared<DeviceEntry>(backend::open_device(chosen));
    wait_for_calls_at_exit();
    return static_cast<tame_device*>(open_handle(entry));
  });
}

tame_status tame_device_memory(tame_device* device, uint32_t reset_peak, tame_memory* memory, uint32_t memory_bytes,
                               tame_error* err) {
  return attempt(err, [&] {
    const auto entry = find<DeviceEntry>(device);  // no Call: allowed during one
    known_bytes("memory", memory, memory_bytes, uint32_t(sizeof *memory));
    tame_memory out = {};
    entry->backend().ledger().read(out, reset_peak != 0);
    write_struct("memory", memory, memory_bytes, out);
  });
}

tame_status tame_device_profile(tame_device* device, uint32_t action, tame_profile* profile, uint32_t profile_bytes,
                                tame_error* err) {
  return attempt(err, [&] {
    const Call<DeviceEntry> call(device);
    check_count("action", action, TAME_PROFILE_READ, TAME_PROFILE_STOP);
    known_bytes("profile", profile, profile_bytes, uint32_t(sizeof *profile));
    tame_profile out = {};
    call->backend().read_profile(out);
    if (action != TAME_PROFILE_READ) call->backend().enable_profile(action == TAME_PROFILE_START);
    write_struct("profile", profile, profile_bytes, out);
  });
}

tame_status tame_device_synchronize(tame_device* device, tame_error* err) {
  return attempt(err, [&] {
    const Call<DeviceEntry> call(device);
    call->backend().synchronize();
  });
}

tame_status tame_device_close(tame_device* device, tame_error* err) {
  // Children and a running call hold the entry too; the last of them destroys it.
  return attempt(err, [&] { handles().remove(Kind::device, device); });
}

tame_status tame_knn_mean_dist2(tame_device* device, const float* points, uint32_t points_length, uint32_t neighbours,
                                uint32_t batch, uint64_t byte_limit, float* mean_dist2, uint32_t mean_dist2_length,
                                tame_error* err) {
  return attempt(err, [&] {
    const Call<DeviceEntry> call(device);
    if (points_length % 3 != 0)
      fail(TAME_INVALID_ARGUMENT, "points holds %u floats: expected three per point", points_length);
    const uint32_t count = points_length / 3;
    check_count("the number of points", count, 0, kMaxRows);
    check_count("neighbours", neighbours, 1, kMaxNeighbours);
    check_array("points", points, points_length, points_length);
    check_array("mean_dist2", mean_dist2, mean_dist2_length, count);
    check_finite("points", points, points_length);
    if (count > 0) call->backend().knn_mean_dist2(points, count, neighbours, batch, byte_limit, mean_dist2);
  });
}
