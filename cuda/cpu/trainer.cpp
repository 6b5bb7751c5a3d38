// Training steps: forward, loss, backward, Adam. The order of work inside a step reads top to bottom in step().
#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include "../abi/step.h"
#include "../core/activations.h"
#include "score.h"

namespace tame::cpu {

namespace {

class CpuTrainer : public Trainer {
 public:
  CpuTrainer(std::shared_ptr<CpuGaussians> gaussians, std::shared_ptr<CpuViews> views,
             const tame_trainer_options& options)
      : gaussians_(std::move(gaussians)),
        views_(std::move(views)),
        options_(options),
        first_moments_(ledger(), TAME_PURPOSE_OPTIMIZER, plane_floats(gaussians_->layout().planes())),
        second_moments_(ledger(), TAME_PURPOSE_OPTIMIZER, plane_floats(gaussians_->layout().planes())),
        sh_sums_(ledger(), TAME_PURPOSE_OPTIMIZER,
                 options.sh_accumulation != 0 ? plane_floats(3 * gaussians_->layout().coefficients() - 3) : 0),
        gradient_sums_(ledger(), TAME_PURPOSE_STATISTICS, gaussians_->capacity()),
        visible_steps_(ledger(), TAME_PURPOSE_STATISTICS, gaussians_->capacity()),
        max_radii_(ledger(), TAME_PURPOSE_STATISTICS, gaussians_->capacity()),
        scores_(ledger(), TAME_PURPOSE_OTHER) {
    first_moments_.zero();
    second_moments_.zero();
    sh_sums_.zero();
    gradient_sums_.zero();
    visible_steps_.zero();
    max_radii_.zero();
  }

  tame_status run(const tame_step* plan, uint32_t n, int32_t* control) override {
    for (uint32_t i = 0; i < n; ++i) {
      if (__atomic_load_n(control + TAME_CONTROL_STOP, __ATOMIC_ACQUIRE) != 0) return TAME_CANCELLED;
      const float loss = step(plan[i]);
      int32_t bits;
      std::memcpy(&bits, &loss, sizeof bits);
      __atomic_store_n(control + TAME_CONTROL_LOSSES + i, bits, __ATOMIC_RELEASE);
      __atomic_store_n(control + TAME_CONTROL_ITERATION, int32_t(plan[i].iteration), __ATOMIC_RELEASE);
      __atomic_store_n(control + TAME_CONTROL_DONE, int32_t(i + 1), __ATOMIC_RELEASE);
    }
    return TAME_OK;
  }

  void reset_opacity(float maximum) override {
    const Layout& layout = gaussians_->layout();
    const Planes values = gaussians_->planes();
    const float highest = layout.linear_opacity ? maximum : core::logit(maximum);
    const float lowest = layout.linear_opacity ? -maximum : -std::numeric_limits<float>::infinity();
    float* opacity = values.plane(layout.opacity());
    for (uint32_t i = 0; i < gaussians_->count(); ++i)
      opacity[i] = core::maximum(lowest, core::minimum(opacity[i], highest));
    forget_opacity();
  }

  void set_linear_opacity(bool linear) override {
    gaussians_->set_linear_opacity(linear);
    forget_opacity();
  }

  void statistics(float* gradient_sums, uint32_t* visible_steps, float* max_radii) const override {
    const uint32_t count = gaussians_->count();
    if (gradient_sums != nullptr) std::copy_n(gradient_sums_.data(), count, gradient_sums);
    if (visible_steps != nullptr) std::copy_n(visible_steps_.data(), count, visible_steps);
    if (max_radii != nullptr) std::copy_n(max_radii_.data(), count, max_radii);
  }

  void reset_statistics() override {
    gradient_sums_.zero();
    visible_steps_.zero();
    max_radii_.zero();
  }

  void score(const uint32_t* views, uint32_t n, const float* weights, int sh_degree,
             const float background[3]) override {
    const uint32_t count = gaussians_->count();
    Buffer<float> mean_gradients(ledger(), TAME_PURPOSE_OTHER, count);
    for (uint32_t i = 0; i < count; ++i)
      mean_gradients[i] = visible_steps_[i] == 0 ? 0.f : gradient_sums_[i] / float(visible_steps_[i]);
    scores_.assign(gaussians_->capacity());
    cpu::score(*gaussians_, *views_,
               {views, n, weights, sh_degree, background, options_.lambda_dssim, mean_gradients.data()},
               scores_.data());
  }

  void scores(float* out) const override {
    if (scores_.size() == 0)
      std::fill_n(out, gaussians_->count(), 0.f);
    else
      std::copy_n(scores_.data(), gaussians_->count(), out);
  }

  void edit_rows(const RowEdit& edit, uint32_t iteration, uint32_t round) override {
    const size_t stride = gaussians_->planes().stride;
    Buffer<float> scratch(ledger(), TAME_PURPOSE_OTHER, edit.size());
    gaussians_->edit(edit, iteration, round);
    for (Buffer<float>* moments : {&first_moments_, &second_moments_, &sh_sums_})
      for (size_t at = 0; at < moments->size(); at += stride) gather(edit, true, moments->data() + at, scratch.data());
    for (Buffer<float>* values : {&gradient_sums_, &max_radii_, &scores_})
      if (values->size() != 0) gather(edit, false, values->data(), scratch.data());
    std::vector<uint32_t> steps(edit.size());
    for (uint32_t i = 0; i < edit.size(); ++i) steps[i] = visible_steps_[edit.sources[i]];
    std::copy(steps.begin(), steps.end(), visible_steps_.data());
  }

 private:
  Ledger& ledger() { return gaussians_->device().ledger(); }
  size_t plane_floats(int planes) const { return gaussians_->planes().stride * size_t(planes); }

  // Zeroes the opacities' moments.
  void forget_opacity() {
    const size_t stride = gaussians_->planes().stride, at = size_t(gaussians_->layout().opacity()) * stride;
    for (Buffer<float>* moments : {&first_moments_, &second_moments_}) std::fill_n(moments->data() + at, stride, 0.f);
  }

  float step(const tame_step& step) {
    CpuDevice& device = gaussians_->device();
    Rasterizer& rasterizer = device.rasterizer();
    const CpuViews::View& view = views_->view(step.view);
    Rasterizer::Input input;
    input.parameters = gaussians_->planes();
    input.layout = gaussians_->layout();
    input.count = gaussians_->count();
    input.active_degree = int(step.sh_degree);
    input.camera = view.camera;
    std::copy(step.background, step.background + 3, input.background);

    rasterizer.forward(input, false);
    const double loss = device.loss().evaluate(rasterizer.shape(), options_.lambda_dssim, rasterizer.image(),
                                               view.photo(step.background), learns(step));
    if (learns(step)) {
      rasterizer.backward(device.loss().gradient(), nullptr, options_.pass_clamped_gradient != 0);
      optimize(step, rasterizer);
    }
    return float(loss);
  }

  void optimize(const tame_step& step, Rasterizer& rasterizer) {
    const size_t stride = gaussians_->planes().stride;
    OptimizeArgs args = rasterizer.optimize_args();
    args.step = take_step(step, options_, gaussians_->layout(), history_);
    args.first_moments = {first_moments_.data(), stride};
    args.second_moments = {second_moments_.data(), stride};
    args.sh_sums = {sh_sums_.data(), stride};
    if ((step.flags & TAME_STEP_STATISTICS) != 0) {
      args.gradient_sums = gradient_sums_.data();
      args.visible_steps = visible_steps_.data();
      args.max_radii = max_radii_.data();
      args.full_gradient_depth = options_.full_gradient_depth;
    }
    rasterizer.optimize(args);
  }

  std::shared_ptr<CpuGaussians> gaussians_;
  std::shared_ptr<CpuViews> views_;
  const tame_trainer_options options_;
  StepHistory history_;
  Buffer<float> first_moments_, second_moments_, sh_sums_;
  Buffer<float> gradient_sums_;
  Buffer<uint32_t> visible_steps_;
  Buffer<float> max_radii_;
  Buffer<float> scores_;  // from the first score() on
};

}  // namespace

std::shared_ptr<Trainer> CpuDevice::make_trainer(std::shared_ptr<Gaussians> gaussians, std::shared_ptr<Views> views,
                                                 const tame_trainer_options& options) {
  return std::make_shared<CpuTrainer>(std::static_pointer_cast<CpuGaussians>(gaussians),
                                      std::static_pointer_cast<CpuViews>(views), options);
}

}  // namespace tame::cpu
