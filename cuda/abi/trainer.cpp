// Entry points of the trainer's steps; the step plan is checked record by record before the first step runs.
#include "trainer.h"

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
constexpr uint32_t kAllParameters = (1u << TAME_PARAMETERS) - 1;
constexpr uint32_t kShFlags = TAME_STEP_SH_ACCUMULATE | TAME_STEP_SH_APPLY;
constexpr uint32_t kAllFlags = 2 * TAME_STEP_LOGIT_PRESSURE - 1;

static_assert(sizeof(tame_step) == 52, "no padding");

void check_options(const tame_trainer_options& options) {
  check_range("options.lambda_dssim", options.lambda_dssim, 0.0f, 1.0f);
  check_range("options.beta1", options.beta1, 0.0f, kBelowOne);
  check_range("options.beta2", options.beta2, 0.0f, kBelowOne);
  check_range("options.epsilon", options.epsilon, kSmallest, kLargest);
  check_count("options.state", options.state, 0, kAllState);
  check_count("options.pass_clamped_gradient", options.pass_clamped_gradient, 0, 1);
  check_range("options.full_gradient_depth", options.full_gradient_depth, 0.0f, kLargest);
  check_count("options.views_per_step", options.views_per_step, 1, kMostViewsPerStep);
  if ((options.views_per_step & (options.views_per_step - 1)) != 0)
    fail(TAME_INVALID_ARGUMENT, "options.views_per_step is %u: expected a power of two", options.views_per_step);
  check_count("options.transform", options.transform, TAME_TRANSFORM_NONE, TAME_TRANSFORM_AFFINE);
}

// Rejects flags that need state which the trainer was created without.
void check_flags(const tame_trainer_options& options, uint32_t flags) {
  constexpr struct {
    uint32_t flags, state;
    const char* name;
  } kNeeds[] = {{kShFlags, TAME_STATE_SH_SUMS, "TAME_STATE_SH_SUMS"},
                {TAME_STEP_FRAGMENTS, TAME_STATE_FRAGMENTS, "TAME_STATE_FRAGMENTS"},
                {TAME_STEP_ROW_BIAS, TAME_STATE_ROW_STEPS, "TAME_STATE_ROW_STEPS"}};
  check_count("flags", flags, 0, kAllFlags);
  for (const auto& need : kNeeds)
    if ((flags & need.flags) != 0 && (options.state & need.state) == 0)
      fail(TAME_INVALID_ARGUMENT, "flags is %u: this trainer was created without %s", flags, need.name);
  if ((flags & TAME_STEP_TRANSFORM) != 0 && options.transform == TAME_TRANSFORM_NONE)
    fail(TAME_INVALID_ARGUMENT, "flags is %u: this trainer was created without a transform", flags);
  if ((flags & TAME_STEP_SH_APPLY) != 0 && (flags & TAME_STEP_SH_ACCUMULATE) == 0)
    fail(TAME_INVALID_ARGUMENT, "flags is %u: SH_APPLY needs SH_ACCUMULATE", flags);
  if ((flags & TAME_STEP_NO_BIAS) != 0 && (flags & TAME_STEP_ROW_BIAS) != 0)
    fail(TAME_INVALID_ARGUMENT, "flags is %u: NO_BIAS and ROW_BIAS exclude each other", flags);
}

void check_step(const Trainer& trainer, const tame_step& step, const uint32_t* views, const float* rates) {
  const tame_trainer_options& options = trainer.state.options;
  check_count("iteration", step.iteration, 1, std::numeric_limits<int32_t>::max());
  for (uint32_t k = 0; k < options.views_per_step; ++k) check_photo(trainer, views[k], "view");
  if (step.next_view != TAME_NO_VIEW) check_photo(trainer, step.next_view, "next_view");
  check_count("sh_degree", step.sh_degree, 0, trainer.gaussians->sh_degree());
  check_count("update_mask", step.update_mask, 0, kAllParameters);
  check_flags(options, step.flags);
  for (uint32_t k = 0; k < TAME_PARAMETERS; ++k) check_range("rates", rates[k], 0.0f, kLargest);
  check_finite("background", step.background, 3);
  check_range("transform_rate", step.transform_rate, 0.0f, kLargest);
  check_range("opacity_pressure", step.opacity_pressure, -kLargest, kLargest);
  check_range("scale_pressure", step.scale_pressure, -kLargest, kLargest);
  check_range("noise", step.noise, 0.0f, kLargest);
  check_range("depth_weight", step.depth_weight, 0.0f, kLargest);
}

// The caller's records may be larger, unaligned, and changed by other threads: a copy is checked and used.
struct PlanCopy {
  std::vector<tame_step> steps;
  std::vector<uint32_t> views;
  std::vector<float> rates;
};

PlanCopy read_plan(const Trainer& trainer, const void* plan, uint32_t plan_bytes, uint32_t n, uint32_t stride,
                   const uint32_t* views, uint32_t views_length, const float* rates, uint32_t rates_length) {
  const uint32_t views_per_step = trainer.state.options.views_per_step;
  if (stride < sizeof(tame_step))
    fail(TAME_INVALID_ARGUMENT, "stride is %u bytes: a step has %zu", stride, sizeof(tame_step));
  check_array("plan", plan, plan_bytes, uint64_t(n) * stride, 1);
  check_array("views", views, views_length, uint64_t(n) * views_per_step);
  check_array("rates", rates, rates_length, uint64_t(n) * TAME_PARAMETERS);
  PlanCopy copy;
  copy.steps.resize(n);
  copy.views.assign(views, views + size_t(n) * views_per_step);
  copy.rates.assign(rates, rates + size_t(n) * TAME_PARAMETERS);
  for (uint32_t i = 0; i < n; ++i) {
    std::memcpy(&copy.steps[i], static_cast<const uint8_t*>(plan) + uint64_t(i) * stride, sizeof(tame_step));
    try {
      check_step(trainer, copy.steps[i], copy.views.data() + size_t(i) * views_per_step,
                 copy.rates.data() + size_t(i) * TAME_PARAMETERS);
    } catch (const Failure& failure) {
      fail(failure.status, "Step %u of the plan: %s", i, failure.what());
    }
  }
  return copy;
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
    const auto entry = std::make_shared<TrainerEntry>(
        call.device(), std::make_unique<Trainer>(call.device()->backend(), call->gaussians, photos->views, chosen));
    const auto handle = static_cast<tame_trainer*>(open_handle(entry));
    call->trainer = entry;
    return handle;
  });
}

tame_status tame_trainer_run(tame_trainer* trainer, const void* plan, uint32_t plan_bytes, uint32_t n, uint32_t stride,
                             const uint32_t* views, uint32_t views_length, const float* rates, uint32_t rates_length,
                             int32_t* control, uint32_t control_length, tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    check_array("control", control, control_length, uint64_t(TAME_CONTROL_LOSSES) + n);
    const PlanCopy copy =
        read_plan(*call->trainer, plan, plan_bytes, n, stride, views, views_length, rates, rates_length);
    return call->trainer->stepper->run({copy.steps.data(), n, copy.views.data(), copy.rates.data()}, control);
  });
}

tame_status tame_trainer_score(tame_trainer* trainer, const uint32_t* views, uint32_t views_length,
                               const float* weights, uint32_t weights_length, uint32_t sh_degree, float red,
                               float green, float blue, tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    check_count("views_length", views_length, 1, kMaxViews);
    check_array("views", views, views_length, views_length);
    check_array("weights", weights, weights_length, TAME_SCORE_TERMS);
    const std::vector<uint32_t> chosen(views, views + views_length);
    for (const uint32_t view : chosen) check_photo(*call->trainer, view, "views");
    const std::vector<float> terms(weights, weights + TAME_SCORE_TERMS);
    for (const float weight : terms) check_range("weights", weight, 0.f, kLargest);
    check_count("sh_degree", sh_degree, 0, call->trainer->gaussians->sh_degree());
    const float background[3] = {red, green, blue};
    check_finite("background", background, 3);
    call->trainer->state.need_scores();
    call->trainer->stepper->score(chosen.data(), views_length, terms.data(), int(sh_degree), background);
  });
}

tame_status tame_trainer_limit_scales(tame_trainer* trainer, const void* cameras, uint32_t cameras_bytes, uint32_t n,
                                      uint32_t stride, float pixels, tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    if (call->trainer->state.smallest_scales == nullptr)
      fail(TAME_INVALID_ARGUMENT, "This trainer was created without TAME_STATE_SMALLEST_SCALES");
    check_count("n", n, 1, kMaxViews);
    check_array("cameras", cameras, cameras_bytes, uint64_t(n) * stride, 1);
    check_range("pixels", pixels, kSmallest, kLargest);
    std::vector<tame_camera> chosen(n);
    for (uint32_t i = 0; i < n; ++i) {
      const auto* record = static_cast<const uint8_t*>(cameras) + uint64_t(i) * stride;
      chosen[i] = read_struct<tame_camera>("cameras", record, stride);
      check_camera(chosen[i]);
    }
    call->trainer->stepper->limit_scales(chosen, pixels);
  });
}

tame_status tame_trainer_set_opacity_mode(tame_trainer* trainer, uint32_t mode, tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    check_count("mode", mode, TAME_OPACITY_LOGIT, TAME_OPACITY_LINEAR);
    call->trainer->state.set_opacity_mode(mode == TAME_OPACITY_LINEAR);
  });
}

tame_status tame_trainer_close(tame_trainer* trainer, tame_error* err) {
  return attempt(err, [&] { close_child<TrainerEntry>(trainer); });
}
