// Entry points of training views.
#include <algorithm>
#include <limits>
#include <vector>

#include "boundary.h"
#include "checks.h"
#include "depths.h"
#include "entries.h"

using namespace tame;

namespace {

void check_view(const Views& views, uint32_t index) {
  if (index >= views.count()) fail(TAME_INVALID_ARGUMENT, "View %u does not exist: there are %u", index, views.count());
}

void check_depth_size(uint32_t index, const ViewsEntry::Size& depths, const ViewsEntry::Size& view) {
  if (depths.width == view.width && depths.height == view.height) return;
  fail(TAME_INVALID_ARGUMENT, "View %u is %u x %u pixels, its depths are those of %u x %u", index, view.width,
       view.height, depths.width, depths.height);
}

// Rejects depths outside the image, or without a depth.
void check_depths(const float* points, uint32_t n, uint32_t width, uint32_t height) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  for (uint32_t i = 0; i < n; ++i) {
    const float* p = points + size_t(i) * 4;
    const bool inside = p[0] >= 0.f && p[0] < float(width) && p[1] >= 0.f && p[1] < float(height);
    if (inside && p[2] > 0.f && p[2] <= kLargest && p[3] >= 0.f && p[3] <= kLargest) continue;
    fail(TAME_INVALID_ARGUMENT,
         "Depth %u is %g at (%g, %g) with weight %g: expected a depth above 0 inside the image, and a weight of at "
         "least 0",
         i, double(p[2]), double(p[0]), double(p[1]), double(p[3]));
  }
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
    const ViewsEntry::Size& depths = call->depth_sizes[index];
    if (depths.width != 0) check_depth_size(index, depths, {posed.width, posed.height});
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

tame_status tame_views_set_depths(tame_views* views, uint32_t index, uint32_t width, uint32_t height,
                                  const float* points, uint32_t points_length, uint32_t n, tame_error* err) {
  return attempt(err, [&] {
    const Call<ViewsEntry> call(views);
    check_view(*call->views, index);
    check_image_size(width, height);
    check_count("n", n, 0, kMaxRows);
    check_array("points", points, points_length, uint64_t(n) * 4);
    const ViewsEntry::Size size = {width, height};
    if (call->views->is_set(index)) check_depth_size(index, size, call->sizes[index]);
    const std::vector<float> copy(points, points + size_t(n) * 4);
    check_depths(copy.data(), n, width, height);
    call->views->set_depths(index, tile_depths(copy.data(), n, width));
    call->depth_sizes[index] = n == 0 ? ViewsEntry::Size{} : size;
  });
}

tame_status tame_views_close(tame_views* views, tame_error* err) {
  return attempt(err, [&] { close_child<ViewsEntry>(views); });
}
