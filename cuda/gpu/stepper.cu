// Training steps, enqueued ahead of the device. A step is a transaction: if its buffers are too small, it and the steps
// after it change nothing, and the host grows the buffers and enqueues them again.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <deque>
#include <thread>
#include <vector>

#include "../abi/training_state.h"
#include "depths.h"
#include "graph.h"
#include "scales.cuh"
#include "score.h"
#include "transform.h"

namespace tame::gpu {

namespace {

constexpr uint32_t kSlots = 8;      // mailbox entries: more than steps ahead
constexpr uint32_t kPolls = 16384;  // about 50 us of polling before the host sleeps between polls

// In pinned memory: the device writes at the end of each step, the host polls.
struct Mailbox {
  uint32_t outcomes[kSlots];  // 2 ticket, + 1 if the step overflowed
  float losses[kSlots];
};

// losses: of the step's n views.
__global__ void finish_step_kernel(const Counts* counts, double* losses, uint32_t n, uint32_t ticket,
                                   Mailbox* mailbox) {
  volatile Mailbox* box = mailbox;
  const uint32_t overflow = counts->overflow;
  if (overflow == 0) box->losses[ticket % kSlots] = float(core::tree_sum(losses, n) / n);
  __threadfence_system();
  box->outcomes[ticket % kSlots] = 2 * ticket + overflow;
}

class GpuStepper : public Stepper {
 public:
  GpuStepper(std::shared_ptr<GpuGaussians> gaussians, std::shared_ptr<GpuViews> views, TrainingState& state)
      : graphs_(state.options.views_per_step),
        gaussians_(std::move(gaussians)),
        views_(std::move(views)),
        state_(state),
        transform_(device().ledger(), stream(), device().profile(), state.transform),
        depth_loss_(device().ledger(), stream(), device().profile()),
        losses_(device().ledger(), TAME_PURPOSE_OTHER, state.options.views_per_step),
        mailbox_(device().ledger(), HostBuffer<Mailbox>::Pages::locked, 1) {
    *mailbox_.data() = {};
  }

  tame_status run(const PlannedSteps& plan, int32_t* control) override {
    return device().use([&] { return run_here(plan, control); });
  }

  void score(const uint32_t* views, uint32_t n, const float* weights, int sh_degree,
             const float background[3]) override {
    device().use([&] {
      gpu::score(*gaussians_, *views_, transform_,
                 {views, n, weights, sh_degree, background, state_.options.lambda_dssim, state_.gradient_sums,
                  state_.visible_steps},
                 state_.scores);
    });
  }

  void limit_scales(const std::vector<tame_camera>& cameras, float pixels) override {
    device().use([&] {
      const uint32_t count = gaussians_->count();
      if (count == 0) return;
      std::vector<core::Camera<float>> chosen;
      for (const tame_camera& camera : cameras) chosen.push_back(core::camera_from(camera));
      const DeviceBuffer<core::Camera<float>> uploaded(device().ledger(), TAME_PURPOSE_OTHER, chosen.size());
      check(cudaMemcpyAsync(uploaded.data(), chosen.data(), uploaded.bytes(), cudaMemcpyHostToDevice, stream()),
            "upload cameras");
      limit_scales_kernel<<<blocks_for(count, kGaussianThreads), kGaussianThreads, 0, stream()>>>(
          gaussians_->planes(), gaussians_->layout(), count, uploaded.data(), uint32_t(chosen.size()), pixels,
          state_.smallest_scales);
      check_launch("launch limit_scales_kernel");
      stream().wait();
    });
  }

 private:
  GpuDevice& device() const { return gaussians_->device(); }
  const Stream& stream() const { return device().stream(); }
  uint32_t views_per_step() const { return state_.options.views_per_step; }
  bool fused() const { return state_.gradients.empty(); }

  struct Step {
    const tame_step& record;
    const uint32_t* views;
    const float* rates;
    uint32_t ticket;
  };

  struct InFlight {
    uint32_t index;  // in the plan
    uint32_t ticket;
    StepHistory before;
  };

  tame_status run_here(const PlannedSteps& plan, int32_t* control) {
    std::deque<InFlight> in_flight;
    uint32_t next = 0;
    // If the oldest step in flight overflowed, it and the steps after it are enqueued again.
    const auto finish_oldest = [&] {
      const InFlight oldest = in_flight.front();
      if (wait_for(oldest.ticket)) {
        report(oldest.index, plan.steps[oldest.index].iteration, oldest.ticket, control);
        in_flight.pop_front();
        return;
      }
      state_.history = oldest.before;
      next = oldest.index;
      in_flight.clear();
      device().rasterizer().grew_after_overflow();
    };

    bool stopping = false;
    while (!stopping && (next < plan.n || !in_flight.empty())) {
      stopping = stops(control);
      if (stopping || next == plan.n || in_flight.size() > kStepsAhead) {
        if (!in_flight.empty()) finish_oldest();
        continue;
      }
      const StepHistory before = state_.history;
      bool enqueued = false;
      try {
        enqueue(plan, next, ++ticket_);
        enqueued = true;
        in_flight.push_back({next++, ticket_, before});
        views_->release(plan.steps[next - 1].next_view);
      } catch (...) {
        if (!enqueued) state_.history = before;
        while (!in_flight.empty()) finish_oldest();
        throw;
      }
    }
    while (!in_flight.empty()) finish_oldest();
    return stopping && next < plan.n ? TAME_CANCELLED : TAME_OK;
  }

  // All of a step except the copy of the next one's photo.
  void enqueue(const PlannedSteps& plan, uint32_t index, uint32_t ticket) {
    const uint32_t n = views_per_step();
    const Step step = {plan.steps[index], plan.views + size_t(index) * n, plan.rates + size_t(index) * TAME_PARAMETERS,
                       ticket};
    for (uint32_t place = 0; place < n; ++place) {
      if (place != 0) views_->release(step.views[place]);
      enqueue_view(step, place);
    }
  }

  // The view at a place of the step; the last one includes the rest of the step.
  void enqueue_view(const Step& step, uint32_t place) {
    Rasterizer& rasterizer = device().rasterizer();
    const uint32_t view = step.views[place];
    const tame_camera& camera = views_->camera(view);
    const float* background = step.record.background;
    RasterInput input = {gaussians_->planes(),       gaussians_->layout(),      gaussians_->count(),
                         int(step.record.sh_degree), core::camera_from(camera), {}};
    std::copy(background, background + 3, input.background);
    rasterizer.prepare(input, false, true, gathers_fragments(step.record));
    device().loss().reserve(camera.width, camera.height, true);
    transform_.reserve(camera.width, camera.height);
    if (step.record.depth_weight > 0) depth_loss_.reserve(rasterizer, views_->depths(view));
    const Photo photo = views_->acquire(view, background);

    const auto work = [&] {
      forward_backward(step.record, view, place, photo);
      if (learns(step.record) && !fused()) keep_gradients(step.record, place);
      if (place + 1 == views_per_step()) finish(step);
    };
    // A profile times the phases separately.
    if (device().profile().on())
      work();
    else
      graphs_[place].run(stream(), work);
  }

  // Forward pass to the loss of a view, and backward pass to the gradients of its instances.
  void forward_backward(const tame_step& step, uint32_t view, uint32_t place, const Photo& photo) {
    Rasterizer& rasterizer = device().rasterizer();
    Loss& loss = device().loss();
    const tame_camera& camera = views_->camera(view);
    rasterizer.forward();
    const Counts* counts = rasterizer.counts();
    const float* image = transform_.forward(view, camera.width, camera.height, rasterizer.image(), photo, counts);
    loss.evaluate(camera.width, camera.height, state_.options.lambda_dssim, image, photo, learns(step),
                  losses_.data() + place, counts);
    if (learns(step)) {
      transform_.backward(place, loss.gradient());
      rasterizer.backward(loss.gradient(), nullptr, state_.options.pass_clamped_gradient != 0, gathers_fragments(step));
    }
    if (step.depth_weight > 0)
      depth_loss_.evaluate(rasterizer, views_->depths(view), step, device().seed, losses_.data() + place);
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

  // Enqueued with the step's last view.
  void finish(const Step& step) {
    const Counts* counts = device().rasterizer().counts();
    const uint32_t n = views_per_step();
    if (learns(step.record)) optimize(step.record, step.rates);
    if ((step.record.flags & TAME_STEP_TRANSFORM) != 0)
      transform_.step(transform_step(state_.options, step.record.transform_rate), step.views, n, counts);
    finish_step_kernel<<<1, 1, 0, stream()>>>(counts, losses_.data(), n, step.ticket, mailbox_.data());
    check_launch("launch finish_step_kernel");
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

  // True if the step has finished, false if it overflowed.
  bool wait_for(uint32_t ticket) const {
    const uint32_t* outcome = &mailbox_.data()->outcomes[ticket % kSlots];
    for (uint32_t polls = 1;; ++polls) {
      const uint32_t seen = __atomic_load_n(outcome, __ATOMIC_ACQUIRE);
      if (seen / 2 == ticket) return seen % 2 == 0;
      if (polls % 1024 != 0 && polls <= kPolls) continue;
      const cudaError_t error = cudaStreamQuery(stream());
      if (error != cudaErrorNotReady) check(error, "run a training step");
      if (polls > kPolls) std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
  }

  void report(uint32_t index, uint32_t iteration, uint32_t ticket, int32_t* control) const {
    int32_t bits;
    std::memcpy(&bits, &mailbox_.data()->losses[ticket % kSlots], sizeof bits);
    __atomic_store_n(control + TAME_CONTROL_LOSSES + index, bits, __ATOMIC_RELEASE);
    __atomic_store_n(control + TAME_CONTROL_ITERATION, int32_t(iteration), __ATOMIC_RELEASE);
    __atomic_store_n(control + TAME_CONTROL_DONE, int32_t(index + 1), __ATOMIC_RELEASE);
  }

  // One for each place of a view in a step: its kernels are the same in every step. Destroyed last: freeing the memory
  // that the kernels use waits for them.
  std::vector<Graph> graphs_;
  const std::shared_ptr<GpuGaussians> gaussians_;
  const std::shared_ptr<GpuViews> views_;
  TrainingState& state_;
  Transform transform_;
  DepthLoss depth_loss_;
  uint32_t ticket_ = 0;          // of the last step enqueued
  DeviceBuffer<double> losses_;  // of the views of the step
  HostBuffer<Mailbox> mailbox_;
};

}  // namespace

std::unique_ptr<Stepper> GpuDevice::make_stepper(std::shared_ptr<Gaussians> gaussians, std::shared_ptr<Views> views,
                                                 TrainingState& state) {
  return use([&] {
    return std::make_unique<GpuStepper>(std::static_pointer_cast<GpuGaussians>(gaussians),
                                        std::static_pointer_cast<GpuViews>(views), state);
  });
}

}  // namespace tame::gpu
