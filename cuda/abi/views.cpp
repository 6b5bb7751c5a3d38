// Entry points of training views.
#include <algorithm>

#include "boundary.h"
#include "checks.h"
#include "entries.h"

using namespace tame;

namespace {

void check_view(const Views& views, uint32_t index) {
  if (index >= views.count()) fail(TAME_INVALID_ARGUMENT, "View %u does not exist: there are %u", index, views.count());
}

uint32_t count_kept(const uint8_t* mask, uint32_t pixels) {
  return mask == nullptr ? pixels : pixels - uint32_t(std::count(mask, mask + pixels, uint8_t(0)));
}

}  // namespace

tame_views* tame_views_create(tame_device* device, uint32_t count, uint32_t residency, tame_error* err) {
  return attempt_open(err, [&] {
    const Call<DeviceEntry> call(device);
    check_count("count", count, 1, kMaxViews);
    check_count("residency", residency, TAME_RESIDENCY_DEVICE, TAME_RESIDENCY_HOST);
    return static_cast<tame_views*>(
        open_handle(std::make_shared<ViewsEntry>(call.device(), call->backend().make_views(count, residency))));
  });
}

tame_status tame_views_set(tame_views* views, uint32_t index, const tame_camera* camera, uint32_t camera_bytes,
                           const uint8_t* pixels, uint32_t pixels_bytes, uint32_t channels, const uint8_t* mask,
                           uint32_t mask_bytes, tame_error* err) {
  return attempt(err, [&] {
    const Call<ViewsEntry> call(views);
    check_view(*call->views, index);
    const tame_camera posed = read_camera(camera, camera_bytes);
    check_count("channels", channels, 3, 4);
    check_array("pixels", pixels, pixels_bytes, uint64_t(posed.width) * posed.height * channels);
    check_optional("mask", mask, mask_bytes, uint64_t(posed.width) * posed.height);
    ViewsEntry::Size& size = call->sizes[index];
    if (call->views->is_set(index) && (size.width != posed.width || size.height != posed.height))
      fail(TAME_INVALID_ARGUMENT, "View %u is %u x %u pixels and cannot become %u x %u", index, size.width, size.height,
           posed.width, posed.height);
    call->views->set(index, posed, {pixels, channels, mask, count_kept(mask, posed.width * posed.height)});
    size = {posed.width, posed.height};
  });
}

tame_status tame_views_clear(tame_views* views, uint32_t index, tame_error* err) {
  return attempt(err, [&] {
    const Call<ViewsEntry> call(views);
    check_view(*call->views, index);
    call->views->clear(index);
  });
}

tame_status tame_views_close(tame_views* views, tame_error* err) {
  return attempt(err, [&] { close_child<ViewsEntry>(views); });
}
