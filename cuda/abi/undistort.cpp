// Entry points of lenses: the choice of the pinhole, and the resampling.
#include <cmath>

#include "boundary.h"
#include "checks.h"
#include "entries.h"
#include "pinhole.h"

using namespace tame;

namespace {

tame_pinhole read_pinhole(const tame_pinhole* pinhole, uint32_t pinhole_bytes) {
  const auto out = read_struct<tame_pinhole>("pinhole", pinhole, pinhole_bytes);
  check_count("pinhole.width", out.width, 1, kMaxSide);
  check_count("pinhole.height", out.height, 1, kMaxSide);
  const double positive[] = {out.fx, out.fy}, finite[] = {out.cx, out.cy};
  for (const double focal : positive)
    if (!(focal > 0 && std::isfinite(focal)))
      fail(TAME_INVALID_ARGUMENT, "pinhole has the focal length %g: expected one greater than 0", focal);
  for (const double centre : finite)
    if (!std::isfinite(centre))
      fail(TAME_INVALID_ARGUMENT, "pinhole has its principal point at %g: expected a finite number", centre);
  return out;
}

}  // namespace

tame_status tame_lens_pinhole(const tame_lens* lens, uint32_t lens_bytes, tame_pinhole* pinhole, uint32_t pinhole_bytes,
                              tame_error* err) {
  return attempt(err, [&] {
    const auto photo = read_struct<tame_lens>("lens", lens, lens_bytes);
    known_bytes("pinhole", pinhole, pinhole_bytes, uint32_t(sizeof *pinhole));
    write_struct("pinhole", pinhole, pinhole_bytes, choose_pinhole(photo));
  });
}

tame_status tame_image_undistort(tame_device* device, const tame_lens* lens, uint32_t lens_bytes,
                                 const tame_pinhole* pinhole, uint32_t pinhole_bytes, uint32_t channels,
                                 const uint8_t* photo, uint32_t photo_bytes, uint8_t* image, uint32_t image_bytes,
                                 tame_error* err) {
  return attempt(err, [&] {
    const Call<DeviceEntry> call(device);
    const auto source = read_struct<tame_lens>("lens", lens, lens_bytes);
    Undistortion job = {};
    job.lens = checked_lens(source);
    job.width = source.width;
    job.height = source.height;
    job.pinhole = read_pinhole(pinhole, pinhole_bytes);
    if (channels != 1 && channels != 3 && channels != 4)
      fail(TAME_INVALID_ARGUMENT, "channels is %u: expected 1, 3 or 4", channels);
    job.channels = channels;
    check_array("photo", photo, photo_bytes, uint64_t(source.width) * source.height * channels);
    check_array("image", image, image_bytes, uint64_t(job.pinhole.width) * job.pinhole.height * channels);
    call->backend().undistort(job, photo, image);
  });
}
