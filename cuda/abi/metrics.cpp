// Entry points of image metrics and losses.
#include "boundary.h"
#include "checks.h"
#include "entries.h"

using namespace tame;

namespace {

constexpr uint32_t kMaxChannels = 4;
constexpr uint32_t kSsimWindow = 11;

void check_pair(uint32_t width, uint32_t height, uint32_t channels, const float* a, uint32_t a_length, const float* b,
                uint32_t b_length, const double* value, uint32_t value_length) {
  check_image_size(width, height);
  check_count("channels", channels, 1, kMaxChannels);
  const uint64_t needed = uint64_t(width) * height * channels;
  check_array("a", a, a_length, needed);
  check_array("b", b, b_length, needed);
  check_array("value", value, value_length, 1);
}

}  // namespace

tame_status tame_psnr(tame_device* device, uint32_t width, uint32_t height, uint32_t channels, const float* a,
                      uint32_t a_length, const float* b, uint32_t b_length, double* value, uint32_t value_length,
                      tame_error* err) {
  return attempt(err, [&] {
    const Call<DeviceEntry> call(device);
    check_pair(width, height, channels, a, a_length, b, b_length, value, value_length);
    *value = call->backend().psnr(width, height, channels, a, b);
  });
}

tame_status tame_ssim(tame_device* device, uint32_t width, uint32_t height, uint32_t channels, uint32_t padding,
                      const float* a, uint32_t a_length, const float* b, uint32_t b_length, double* value,
                      uint32_t value_length, tame_error* err) {
  return attempt(err, [&] {
    const Call<DeviceEntry> call(device);
    check_count("padding", padding, TAME_PADDING_SAME, TAME_PADDING_VALID);
    check_pair(width, height, channels, a, a_length, b, b_length, value, value_length);
    if (padding == TAME_PADDING_VALID && (width < kSsimWindow || height < kSsimWindow))
      fail(TAME_INVALID_ARGUMENT, "SSIM without padding needs %u x %u pixels, the images have %u x %u", kSsimWindow,
           kSsimWindow, width, height);
    *value = call->backend().ssim(width, height, channels, padding, a, b);
  });
}

tame_status tame_image_loss(tame_device* device, uint32_t width, uint32_t height, float lambda_dssim, const float* a,
                            uint32_t a_length, const float* b, uint32_t b_length, double* value, uint32_t value_length,
                            float* gradient, uint32_t gradient_length, tame_error* err) {
  return attempt(err, [&] {
    const Call<DeviceEntry> call(device);
    check_pair(width, height, 3, a, a_length, b, b_length, value, value_length);
    check_range("lambda_dssim", lambda_dssim, 0.0f, 1.0f);
    check_optional("gradient", gradient, gradient_length, 3 * uint64_t(width) * height);
    *value = call->backend().image_loss(width, height, lambda_dssim, a, b, gradient);
  });
}
