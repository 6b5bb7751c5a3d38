// Entry points of the trainer; the step plan is checked record by record before the first step runs.
#include <limits>
#include <vector>

#include "boundary.h"
#include "checks.h"
#include "entries.h"

using namespace tame;

namespace {

constexpr float kLargest = std::numeric_limits<float>::max();
constexpr float kSmallest = std::numeric_limits<float>::min();
constexpr float kBelowOne = 1.0f - std::numeric_limits<float>::epsilon() / 2;
constexpr uint32_t kAllGroups = (1u << TAME_GROUPS) - 1;
constexpr uint32_t kShFlags = TAME_STEP_SH_ACCUMULATE | TAME_STEP_SH_APPLY;
constexpr uint32_t kAllFlags = TAME_STEP_STATISTICS | TAME_STEP_SPARSE | kShFlags;

static_assert(sizeof(tame_step) == 64, "no padding");

void check_options(const tame_trainer_options& options) {
  check_range("options.lambda_dssim", options.lambda_dssim, 0.0f, 1.0f);
  check_range("options.beta1", options.beta1, 0.0f, kBelowOne);
  check_range("options.beta2", options.beta2, 0.0f, kBelowOne);
  check_range("options.epsilon", options.epsilon, kSmallest, kLargest);
  check_count("options.sh_accumulation", options.sh_accumulation, 0, 1);
  check_count("options.pass_clamped_gradient", options.pass_clamped_gradient, 0, 1);
  check_range("options.full_gradient_depth", options.full_gradient_depth, 0.0f, kLargest);
}

void check_step(const TrainerEntry& trainer, const tame_step& step) {
  check_count("iteration", step.iteration, 1, std::numeric_limits<int32_t>::max());
  check_photo(trainer, step.view, "view");
  if (step.next_view != TAME_NO_VIEW) check_photo(trainer, step.next_view, "next_view");
  check_count("sh_degree", step.sh_degree, 0, trainer.gaussians->sh_degree());
  check_count("update_mask", step.update_mask, 0, kAllGroups);
  check_count("flags", step.flags, 0, kAllFlags);
  if ((step.flags & kShFlags) != 0 && !trainer.sh_accumulation)
    fail(TAME_INVALID_ARGUMENT, "flags is %u: this trainer was created without sh_accumulation", step.flags);
  if ((step.flags & TAME_STEP_SH_APPLY) != 0 && (step.flags & TAME_STEP_SH_ACCUMULATE) == 0)
    fail(TAME_INVALID_ARGUMENT, "flags is %u: SH_APPLY comes with SH_ACCUMULATE", step.flags);
  for (float rate : step.learning_rates) check_range("learning_rates", rate, 0.0f, kLargest);
  check_finite("background", step.background, 3);
}

// The caller's records may be larger, unaligned, and changed under our hands: what is checked is a copy.
std::vector<tame_step> read_plan(const TrainerEntry& trainer, const void* plan, uint32_t plan_bytes, uint32_t n,
                                 uint32_t stride) {
  if (stride < sizeof(tame_step))
    fail(TAME_INVALID_ARGUMENT, "stride is %u bytes: a step has %zu", stride, sizeof(tame_step));
  check_array("plan", plan, plan_bytes, uint64_t(n) * stride, 1);
  std::vector<tame_step> steps(n);
  for (uint32_t i = 0; i < n; ++i) {
    std::memcpy(&steps[i], static_cast<const uint8_t*>(plan) + uint64_t(i) * stride, sizeof(tame_step));
    try {
      check_step(trainer, steps[i]);
    } catch (const Failure& failure) {
      fail(failure.status, "Step %u of the plan: %s", i, failure.what());
    }
  }
  return steps;
}

}  // namespace

tame_trainer* tame_trainer_create(tame_gaussians* gaussians, tame_views* views, const tame_trainer_options* options,
                                  uint32_t options_bytes, tame_error* err) {
  return attempt_open(err, [&] {
    const Call<GaussiansEntry> call(gaussians);
    const auto photos = find<ViewsEntry>(views);
    if (photos->device != call.device()) fail(TAME_INVALID_ARGUMENT, "Gaussians and views belong to different devices");
    const auto chosen = read_struct<tame_trainer_options>("options", options, options_bytes);
    check_options(chosen);
    call->claim("create a second trainer");
    auto trainer = call.device()->backend().make_trainer(call->gaussians, photos->views, chosen);
    const auto entry = std::make_shared<TrainerEntry>(call.device(), call->gaussians, photos->views, std::move(trainer),
                                                      chosen.sh_accumulation != 0);
    const auto handle = static_cast<tame_trainer*>(open_handle(entry));
    call->trainer = entry;
    return handle;
  });
}

tame_status tame_trainer_run(tame_trainer* trainer, const void* plan, uint32_t plan_bytes, uint32_t n, uint32_t stride,
                             int32_t* control, uint32_t control_length, tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    check_array("control", control, control_length, uint64_t(TAME_CONTROL_LOSSES) + n);
    const auto steps = read_plan(*call, plan, plan_bytes, n, stride);
    return call->trainer->run(steps.data(), n, control);
  });
}

tame_status tame_trainer_reset_opacity(tame_trainer* trainer, float maximum, tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    check_range("maximum", maximum, kSmallest, kBelowOne);
    call->trainer->reset_opacity(maximum);
  });
}

tame_status tame_trainer_set_opacity_mode(tame_trainer* trainer, uint32_t mode, tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    check_count("mode", mode, TAME_OPACITY_LOGIT, TAME_OPACITY_LINEAR);
    const bool linear = mode == TAME_OPACITY_LINEAR;
    if (linear != call->gaussians->linear_opacity()) call->trainer->set_linear_opacity(linear);
  });
}

tame_status tame_trainer_statistics(tame_trainer* trainer, float* gradient_sums, uint32_t gradient_sums_length,
                                    uint32_t* visible_steps, uint32_t visible_steps_length, float* max_radii,
                                    uint32_t max_radii_length, tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    const uint32_t count = call->gaussians->count();
    check_optional("gradient_sums", gradient_sums, gradient_sums_length, count);
    check_optional("visible_steps", visible_steps, visible_steps_length, count);
    check_optional("max_radii", max_radii, max_radii_length, count);
    call->trainer->statistics(gradient_sums, visible_steps, max_radii);
  });
}

tame_status tame_trainer_reset_statistics(tame_trainer* trainer, tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    call->trainer->reset_statistics();
  });
}

tame_status tame_trainer_close(tame_trainer* trainer, tame_error* err) {
  return attempt(err, [&] { close_child<TrainerEntry>(trainer); });
}
