// Training steps: forward, transform, loss, backward, Adam. step() and forward_backward() show the order of work.
#include <algorithm>
#include <cstring>

#include "../abi/training_state.h"
#include "depths.h"
#include "score.h"
#include "transform.h"

namespace tame::cpu {

namespace {

class CpuStepper : public Stepper {
 public:
  CpuStepper(std::shared_ptr<CpuGaussians> gaussians, std::shared_ptr<CpuViews> views, TrainingState& state)
      : gaussians_(std::move(gaussians)),
        views_(std::move(views)),
        state_(state),
        transform_(device().ledger(), device().threads(), device().profile(), state.transform),
        depth_loss_(device().ledger(), device().threads(), device().kernels(), device().profile()) {}

  tame_status run(const PlannedSteps& plan, int32_t* control) override {
    for (uint32_t i = 0; i < plan.n; ++i) {
      if (stops(control)) return TAME_CANCELLED;
      const float loss = step(plan.steps[i], plan.views + size_t(i) * state_.options.views_per_step,
                              plan.rates + size_t(i) * TAME_PARAMETERS);
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
    cpu::score(*gaussians_, *views_, transform_,
               {views, n, weights, sh_degree, background, state_.options.lambda_dssim, mean_gradients.data()},
               state_.scores);
  }

  void limit_scales(const std::vector<tame_camera>& cameras, float pixels) override {
    const uint32_t count = gaussians_->count();
    const ScaleLimitArgs args = {
        gaussians_->planes(),  gaussians_->layout(), cameras.data(), uint32_t(cameras.size()), pixels,
        state_.smallest_scales};
    device().threads().run((count + kGaussianBlock - 1) / kGaussianBlock, [&](uint32_t block, uint32_t) {
      const uint32_t first = block * kGaussianBlock;
      device().kernels().limit_scales(args, first, std::min(first + kGaussianBlock, count));
    });
  }

 private:
  CpuDevice& device() const { return gaussians_->device(); }

  bool fused() const { return state_.gradients.empty(); }

  // Returns the step's loss: the mean over its views.
  float step(const tame_step& step, const uint32_t* views, const float* rates) {
    const uint32_t n = state_.options.views_per_step;
    double losses[kMostViewsPerStep];
    for (uint32_t place = 0; place < n; ++place) {
      losses[place] = forward_backward(step, views[place], place);
      if (learns(step) && !fused()) keep_gradients(step, place);
    }
    if (learns(step)) optimize(step, rates);
    if ((step.flags & TAME_STEP_TRANSFORM) != 0)
      transform_.step(transform_step(state_.options, step.transform_rate), views, n);
    return float(core::tree_sum(losses, n) / n);
  }

  // Forward pass to the loss of a view, and backward pass to the gradients of its instances.
  double forward_backward(const tame_step& step, uint32_t view_index, uint32_t place) {
    Rasterizer& rasterizer = device().rasterizer();
    Loss& loss = device().loss();
    const CpuViews::View& view = views_->view(view_index);
    Rasterizer::Input input;
    input.parameters = gaussians_->planes();
    input.layout = gaussians_->layout();
    input.count = gaussians_->count();
    input.active_degree = int(step.sh_degree);
    input.camera = view.camera;
    std::copy(step.background, step.background + 3, input.background);

    rasterizer.forward(input, false);
    const Photo photo = view.photo(step.background);
    const float* image = transform_.forward(view_index, rasterizer.shape(), rasterizer.image(), photo);
    const double value = loss.evaluate(rasterizer.shape(), state_.options.lambda_dssim, image, photo, learns(step));
    if (learns(step)) {
      transform_.backward(place, loss.gradient());
      rasterizer.backward(loss.gradient(), nullptr, state_.options.pass_clamped_gradient != 0, gathers_fragments(step));
    }
    if (step.depth_weight > 0) return value + depth_loss_.evaluate(rasterizer, view, step, device().seed, learns(step));
    return value;
  }

  // Adds the Gaussians' gradients, for the view at a place of the step, to the sum over its views.
  void keep_gradients(const tame_step& step, uint32_t place) {
    Rasterizer& rasterizer = device().rasterizer();
    OptimizeArgs args = view_args(step);
    args.gradients_to = state_.view_gradients(place);
    rasterizer.optimize(args);
    const GradientSum sum = state_.gradient_sum(place);
    if (sum.count != 0) rasterizer.add_gradients(sum);
  }

  void optimize(const tame_step& step, const float* rates) {
    OptimizeArgs args = fused() ? view_args(step) : device().rasterizer().optimize_args();
    if (!fused()) args.gradients_from = state_.gradients[0];
    args.training = state_.take_step(step, rates);
    device().rasterizer().optimize(args);
  }

  // Arguments for the gradients of the last view.
  OptimizeArgs view_args(const tame_step& step) {
    OptimizeArgs args = device().rasterizer().optimize_args();
    args.full_gradient_depth = state_.options.full_gradient_depth;
    if (step.depth_weight > 0) args.depth_gradients = depth_loss_.gradients();
    if (gathers_fragments(step)) args.largest_gradient = device().loss().largest_gradient();
    return args;
  }

  const std::shared_ptr<CpuGaussians> gaussians_;
  const std::shared_ptr<CpuViews> views_;
  TrainingState& state_;
  Transform transform_;
  DepthLoss depth_loss_;
};

}  // namespace

std::unique_ptr<Stepper> CpuDevice::make_stepper(std::shared_ptr<Gaussians> gaussians, std::shared_ptr<Views> views,
                                                 TrainingState& state) {
  return std::make_unique<CpuStepper>(std::static_pointer_cast<CpuGaussians>(gaussians),
                                      std::static_pointer_cast<CpuViews>(views), state);
}

}  // namespace tame::cpu
