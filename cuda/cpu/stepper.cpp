// Training steps: forward, loss, backward, Adam. The order of work inside a step reads top to bottom in step().
#include <algorithm>
#include <cstring>

#include "../abi/training_state.h"
#include "score.h"

namespace tame::cpu {

namespace {

class CpuStepper : public Stepper {
 public:
  CpuStepper(std::shared_ptr<CpuGaussians> gaussians, std::shared_ptr<CpuViews> views, TrainingState& state)
      : gaussians_(std::move(gaussians)), views_(std::move(views)), state_(state) {}

  tame_status run(const PlannedSteps& plan, int32_t* control) override {
    for (uint32_t i = 0; i < plan.n; ++i) {
      if (stops(control)) return TAME_CANCELLED;
      const float loss = step(plan.steps[i], plan.views[i], plan.rates + size_t(i) * TAME_PARAMETERS);
      int32_t bits;
      std::memcpy(&bits, &loss, sizeof bits);
      __atomic_store_n(control + TAME_CONTROL_LOSSES + i, bits, __ATOMIC_RELEASE);
      __atomic_store_n(control + TAME_CONTROL_ITERATION, int32_t(plan.steps[i].iteration), __ATOMIC_RELEASE);
      __atomic_store_n(control + TAME_CONTROL_DONE, int32_t(i + 1), __ATOMIC_RELEASE);
    }
    return TAME_OK;
  }

  void score(const uint32_t* views, uint32_t n, const float* weights, int sh_degree,
             const float background[3]) override {
    const uint32_t count = gaussians_->count();
    Buffer<float> mean_gradients(gaussians_->device().ledger(), TAME_PURPOSE_OTHER, count);
    for (uint32_t i = 0; i < count; ++i)
      mean_gradients[i] = state_.visible_steps[i] == 0 ? 0.f : state_.gradient_sums[i] / float(state_.visible_steps[i]);
    cpu::score(*gaussians_, *views_,
               {views, n, weights, sh_degree, background, state_.options.lambda_dssim, mean_gradients.data()},
               state_.scores);
  }

 private:
  float step(const tame_step& step, uint32_t view_index, const float* rates) {
    CpuDevice& device = gaussians_->device();
    Rasterizer& rasterizer = device.rasterizer();
    const CpuViews::View& view = views_->view(view_index);
    Rasterizer::Input input;
    input.parameters = gaussians_->planes();
    input.layout = gaussians_->layout();
    input.count = gaussians_->count();
    input.active_degree = int(step.sh_degree);
    input.camera = view.camera;
    std::copy(step.background, step.background + 3, input.background);

    rasterizer.forward(input, false);
    const double loss = device.loss().evaluate(rasterizer.shape(), state_.options.lambda_dssim, rasterizer.image(),
                                               view.photo(step.background), learns(step));
    if (learns(step)) {
      rasterizer.backward(device.loss().gradient(), nullptr, state_.options.pass_clamped_gradient != 0);
      optimize(step, rates, rasterizer);
    }
    return float(loss);
  }

  void optimize(const tame_step& step, const float* rates, Rasterizer& rasterizer) {
    OptimizeArgs args = rasterizer.optimize_args();
    args.step = take_step(step, rates, state_.options, gaussians_->layout(), state_.history);
    args.first_moments = state_.first_moments;
    args.second_moments = state_.second_moments;
    args.sh_sums = state_.sh_sums;
    if ((step.flags & TAME_STEP_STATISTICS) != 0) {
      args.gradient_sums = state_.gradient_sums;
      args.visible_steps = state_.visible_steps;
      args.max_radii = state_.max_radii;
      args.full_gradient_depth = state_.options.full_gradient_depth;
    }
    rasterizer.optimize(args);
  }

  const std::shared_ptr<CpuGaussians> gaussians_;
  const std::shared_ptr<CpuViews> views_;
  TrainingState& state_;
};

}  // namespace

std::unique_ptr<Stepper> CpuDevice::make_stepper(std::shared_ptr<Gaussians> gaussians, std::shared_ptr<Views> views,
                                                 TrainingState& state) {
  return std::make_unique<CpuStepper>(std::static_pointer_cast<CpuGaussians>(gaussians),
                                      std::static_pointer_cast<CpuViews>(views), state);
}

}  // namespace tame::cpu
