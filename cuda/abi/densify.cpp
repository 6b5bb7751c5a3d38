// Entry points of densification: scores, pruning, growth. What to change is chosen in selection.cpp.
#include <cmath>
#include <limits>

#include "../core/activations.h"
#include "boundary.h"
#include "checks.h"
#include "entries.h"
#include "reference_selection.h"
#include "selection.h"

using namespace tame;

namespace {

constexpr float kLargest = std::numeric_limits<float>::max();

std::vector<float> scores_of(const TrainerEntry& trainer) {
  std::vector<float> scores(trainer.gaussians->count());
  trainer.trainer->scores(scores.data());
  return scores;
}

// exp of the longest axis' log-scale.
std::vector<float> largest_scales_of(const TrainerEntry& trainer) {
  const uint32_t count = trainer.gaussians->count();
  std::vector<float> log_scales(3 * size_t(count)), largest(count);
  trainer.gaussians->download(TAME_FIELD_LOG_SCALES, 0, count, log_scales.data());
  for (size_t i = 0; i < count; ++i)
    largest[i] = std::exp(std::fmax(log_scales[3 * i], std::fmax(log_scales[3 * i + 1], log_scales[3 * i + 2])));
  return largest;
}

std::vector<float> opacities_of(const TrainerEntry& trainer) {
  const uint32_t count = trainer.gaussians->count();
  std::vector<float> opacities(count);
  trainer.gaussians->download(TAME_FIELD_OPACITIES, 0, count, opacities.data());
  const bool linear = trainer.gaussians->linear_opacity();
  for (float& value : opacities) value = core::used_opacity(linear, value);
  return opacities;
}

std::vector<float> mean_gradients_of(const TrainerEntry& trainer) {
  const uint32_t count = trainer.gaussians->count();
  std::vector<float> sums(count);
  std::vector<uint32_t> steps(count);
  trainer.trainer->statistics(sums.data(), steps.data(), nullptr);
  for (uint32_t i = 0; i < count; ++i) sums[i] = steps[i] == 0 ? 0.f : sums[i] / float(steps[i]);
  return sums;
}

}  // namespace

tame_status tame_trainer_score(tame_trainer* trainer, const uint32_t* views, uint32_t views_length,
                               const float* weights, uint32_t weights_length, uint32_t sh_degree, float red,
                               float green, float blue, tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    check_count("views_length", views_length, 1, kMaxViews);
    check_array("views", views, views_length, views_length);
    check_array("weights", weights, weights_length, TAME_SCORE_TERMS);
    const std::vector<uint32_t> chosen(views, views + views_length);
    for (const uint32_t view : chosen) check_photo(*call, view, "views");
    const std::vector<float> terms(weights, weights + TAME_SCORE_TERMS);
    for (const float weight : terms) check_range("weights", weight, 0.f, kLargest);
    check_count("sh_degree", sh_degree, 0, call->gaussians->sh_degree());
    const float background[3] = {red, green, blue};
    check_finite("background", background, 3);
    call->trainer->score(chosen.data(), views_length, terms.data(), int(sh_degree), background);
  });
}

tame_status tame_trainer_scores(tame_trainer* trainer, float* scores, uint32_t scores_length, tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    check_array("scores", scores, scores_length, call->gaussians->count());
    call->trainer->scores(scores);
  });
}

tame_status tame_trainer_prune(tame_trainer* trainer, const tame_prune_options* options, uint32_t options_bytes,
                               tame_prune_result* result, uint32_t result_bytes, tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    const auto chosen = read_struct<tame_prune_options>("options", options, options_bytes);
    check_count("options.target", chosen.target, 1, kMaxRows);
    check_range("options.min_opacity", chosen.min_opacity, 0.f, 1.f);
    check_range("options.max_scale", chosen.max_scale, 0.f, kLargest);
    check_range("options.share", chosen.share, 0.f, 1.f);
    known_bytes("result", result, result_bytes, uint32_t(sizeof *result));
    SelectionInput input = {
        call.device()->backend().seed, scores_of(*call), {}, opacities_of(*call), largest_scales_of(*call)};
    tame_prune_result outcome = {};
    const RowEdit edit = choose_survivors(input, chosen, outcome);
    if (edit.size() != call->gaussians->count()) call->trainer->edit_rows(edit, chosen.iteration, 0);
    write_struct("result", result, result_bytes, outcome);
  });
}

tame_status tame_trainer_densify(tame_trainer* trainer, const tame_densify_options* options, uint32_t options_bytes,
                                 tame_densify_result* result, uint32_t result_bytes, tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    const auto chosen = read_struct<tame_densify_options>("options", options, options_bytes);
    check_count("options.target", chosen.target, 0, call->gaussians->capacity());
    check_range("options.gradient_threshold", chosen.gradient_threshold, 0.f, kLargest);
    check_range("options.size_threshold", chosen.size_threshold, 0.f, kLargest);
    check_count("options.fill", chosen.fill, 0, 1);
    known_bytes("result", result, result_bytes, uint32_t(sizeof *result));
    SelectionInput input = {
        call.device()->backend().seed, scores_of(*call), mean_gradients_of(*call), {}, largest_scales_of(*call)};
    tame_densify_result outcome = {};
    const RowEdit edit = choose_growth(input, chosen, outcome);
    if (edit.size() != call->gaussians->count()) call->trainer->edit_rows(edit, chosen.iteration, chosen.round);
    write_struct("result", result, result_bytes, outcome);
  });
}

tame_status tame_trainer_densify_reference(tame_trainer* trainer, const tame_reference_options* options,
                                           uint32_t options_bytes, tame_reference_result* result, uint32_t result_bytes,
                                           tame_error* err) {
  return attempt(err, [&] {
    const Call<TrainerEntry> call(trainer);
    const auto chosen = read_struct<tame_reference_options>("options", options, options_bytes);
    check_count("options.target", chosen.target, 0, call->gaussians->capacity());
    check_range("options.gradient_threshold", chosen.gradient_threshold, 0.f, kLargest);
    check_range("options.size_threshold", chosen.size_threshold, 0.f, kLargest);
    check_range("options.min_opacity", chosen.min_opacity, 0.f, 1.f);
    check_range("options.max_scale", chosen.max_scale, 0.f, kLargest);
    check_range("options.share", chosen.share, 0.f, 1.f);
    known_bytes("result", result, result_bytes, uint32_t(sizeof *result));
    const SelectionInput input = {call.device()->backend().seed, scores_of(*call), mean_gradients_of(*call),
                                  opacities_of(*call), largest_scales_of(*call)};
    tame_reference_result outcome = {};
    const ReferenceEdits edits = choose_reference(input, chosen, outcome);
    for (const RowEdit* edit : {&edits.copies, &edits.rest})
      if (edit->size() != 0) call->trainer->edit_rows(*edit, chosen.iteration, 0);
    write_struct("result", result, result_bytes, outcome);
  });
}
