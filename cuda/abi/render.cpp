// Entry points of rendering and of the differentiable rasteriser.
#include "boundary.h"
#include "checks.h"
#include "entries.h"

using namespace tame;

namespace {

uint64_t bytes_per_pixel(uint32_t format) {
  switch (format) {
    case TAME_FORMAT_F32:
      return 3 * sizeof(float);
    case TAME_FORMAT_RGB8:
      return 3;
    case TAME_FORMAT_RGBA8:
      return 4;
  }
  fail(TAME_INVALID_ARGUMENT, "format is %u: expected TAME_FORMAT_F32 (0), RGB8 (1) or RGBA8 (2)", format);
}

}  // namespace

tame_status tame_render(tame_gaussians* gaussians, const tame_camera* camera, uint32_t camera_bytes, float red,
                        float green, float blue, uint32_t format, void* image, uint32_t image_bytes, float* alpha,
                        uint32_t alpha_length, float* depth, uint32_t depth_length, tame_error* err) {
  return attempt(err, [&] {
    const Call<GaussiansEntry> call(gaussians);
    const tame_camera posed = read_camera(camera, camera_bytes);
    const float background[3] = {red, green, blue};
    check_finite("background", background, 3);
    const uint64_t pixels = uint64_t(posed.width) * posed.height;
    const uint64_t image_needed = pixels * bytes_per_pixel(format);
    check_array("image", image, image_bytes, image_needed, format == TAME_FORMAT_F32 ? uint32_t(alignof(float)) : 1);
    check_optional("alpha", alpha, alpha_length, pixels);
    check_optional("depth", depth, depth_length, pixels);
    call->gaussians->render(posed, background, ImageTarget{format, image, alpha, depth});
  });
}

tame_status tame_count_instances(tame_gaussians* gaussians, const tame_camera* camera, uint32_t camera_bytes,
                                 uint64_t* instances, uint32_t instances_length, tame_error* err) {
  return attempt(err, [&] {
    const Call<GaussiansEntry> call(gaussians);
    const tame_camera posed = read_camera(camera, camera_bytes);
    check_array("instances", instances, instances_length, 1);
    *instances = call->gaussians->count_instances(posed);
  });
}

tame_rasterization* tame_rasterize_forward(tame_device* device, uint32_t count, uint32_t sh_degree, const float* means,
                                           uint32_t means_length, const float* log_scales, uint32_t log_scales_length,
                                           const float* quats, uint32_t quats_length, const float* opacities,
                                           uint32_t opacities_length, const float* sh, uint32_t sh_length,
                                           const tame_camera* camera, uint32_t camera_bytes, float red, float green,
                                           float blue, float* image, uint32_t image_length, float* alpha,
                                           uint32_t alpha_length, float* depth, uint32_t depth_length,
                                           tame_error* err) {
  return attempt_open(err, [&] {
    const Call<DeviceEntry> call(device);
    check_count("count", count, 0, kMaxRows);
    check_sh_degree(sh_degree);
    check_array("means", means, means_length, 3 * uint64_t(count));
    check_array("log_scales", log_scales, log_scales_length, 3 * uint64_t(count));
    check_array("quats", quats, quats_length, 4 * uint64_t(count));
    check_array("opacities", opacities, opacities_length, count);
    check_array("sh", sh, sh_length, 3 * sh_coefficients(sh_degree) * count);
    const tame_camera posed = read_camera(camera, camera_bytes);
    const float background[3] = {red, green, blue};
    check_finite("background", background, 3);
    const uint64_t pixels = uint64_t(posed.width) * posed.height;
    check_array("image", image, image_length, 3 * pixels);
    check_optional("alpha", alpha, alpha_length, pixels);
    check_optional("depth", depth, depth_length, pixels);
    const SplatArrays splats = {count, sh_degree, means, log_scales, quats, opacities, sh};
    const ImageTarget target = {TAME_FORMAT_F32, image, alpha, depth};
    auto rasterization = call->backend().rasterize(splats, posed, background, target);
    return static_cast<tame_rasterization*>(
        open_handle(std::make_shared<RasterizationEntry>(call.device(), std::move(rasterization))));
  });
}

tame_status tame_rasterize_backward(tame_rasterization* rasterization, const float* d_image, uint32_t d_image_length,
                                    const float* d_alpha, uint32_t d_alpha_length, float* d_means,
                                    uint32_t d_means_length, float* d_log_scales, uint32_t d_log_scales_length,
                                    float* d_quats, uint32_t d_quats_length, float* d_opacities,
                                    uint32_t d_opacities_length, float* d_sh, uint32_t d_sh_length, float* d_means2d,
                                    uint32_t d_means2d_length, tame_error* err) {
  return attempt(err, [&] {
    const Call<RasterizationEntry> call(rasterization);
    const Rasterization& forward = *call->rasterization;
    const uint64_t count = forward.count();
    const uint64_t pixels = uint64_t(forward.width()) * forward.height();
    check_array("d_image", d_image, d_image_length, 3 * pixels);
    check_optional("d_alpha", d_alpha, d_alpha_length, pixels);
    check_array("d_means", d_means, d_means_length, 3 * count);
    check_array("d_log_scales", d_log_scales, d_log_scales_length, 3 * count);
    check_array("d_quats", d_quats, d_quats_length, 4 * count);
    check_array("d_opacities", d_opacities, d_opacities_length, count);
    check_array("d_sh", d_sh, d_sh_length, 3 * sh_coefficients(forward.sh_degree()) * count);
    check_array("d_means2d", d_means2d, d_means2d_length, 2 * count);
    const SplatGradients out = {d_means, d_log_scales, d_quats, d_opacities, d_sh, d_means2d};
    call->rasterization->backward(d_image, d_alpha, out);
  });
}

tame_status tame_rasterization_radii(tame_rasterization* rasterization, int32_t* radii, uint32_t radii_length,
                                     tame_error* err) {
  return attempt(err, [&] {
    const Call<RasterizationEntry> call(rasterization);
    check_array("radii", radii, radii_length, call->rasterization->count());
    call->rasterization->radii(radii);
  });
}

tame_status tame_rasterization_close(tame_rasterization* rasterization, tame_error* err) {
  return attempt(err, [&] { close_child<RasterizationEntry>(rasterization); });
}
