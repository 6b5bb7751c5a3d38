// Training steps, enqueued ahead of the device. A step is a transaction: where its buffers prove too small it and those
// behind it change nothing, the host makes room and enqueues them again.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <deque>
#include <thread>

#include "../abi/training_state.h"
#include "graph.h"
#include "score.h"
#include "transform.h"

namespace tame::gpu {

namespace {

constexpr uint32_t kSlots = 8;      // mailbox entries: more than there are steps ahead
constexpr uint32_t kPolls = 16384;  // some 50 us of looking before the host rests between looks

// In pinned memory: the device writes at the end of each step, the host polls.
struct Mailbox {
  uint32_t outcomes[kSlots];  // 2 ticket, + 1 when the step had too little room
  float losses[kSlots];
};

__global__ void finish_step_kernel(const Counts* counts, const double* loss, uint32_t ticket, Mailbox* mailbox) {
  volatile Mailbox* box = mailbox;
  const uint32_t overflow = counts->overflow;
  if (overflow == 0) box->losses[ticket % kSlots] = float(*loss);
  __threadfence_system();
  box->outcomes[ticket % kSlots] = 2 * ticket + overflow;
}

class GpuStepper : public Stepper {
 public:
  GpuStepper(std::shared_ptr<GpuGaussians> gaussians, std::shared_ptr<GpuViews> views, TrainingState& state)
      : gaussians_(std::move(gaussians)),
        views_(std::move(views)),
        state_(state),
        transform_(device().ledger(), stream(), device().profile(), state.transform),
        loss_(device().ledger(), TAME_PURPOSE_OTHER, 1),
        mailbox_(1) {
    *mailbox_.data() = {};
  }

  tame_status run(const PlannedSteps& plan, int32_t* control) override {
    return device().use([&] { return run_here(plan, control); });
  }

  void score(const uint32_t* views, uint32_t n, const float* weights, int sh_degree,
             const float background[3]) override {
    device().use([&] {
      gpu::score(*gaussians_, *views_,
                 {views, n, weights, sh_degree, background, state_.options.lambda_dssim, state_.gradient_sums,
                  state_.visible_steps},
                 state_.scores);
    });
  }

 private:
  GpuDevice& device() const { return gaussians_->device(); }
  const Stream& stream() const { return device().stream(); }

  struct InFlight {
    uint32_t index;  // in the plan
    uint32_t ticket;
    StepHistory before;
  };

  tame_status run_here(const PlannedSteps& plan, int32_t* control) {
    std::deque<InFlight> flying;
    uint32_t next = 0;
    // Steps behind `next` are enqueued again when the oldest in flight turns out to have had too little room.
    const auto settle_oldest = [&] {
      const InFlight oldest = flying.front();
      if (wait_for(oldest.ticket)) {
        report(oldest.index, plan.steps[oldest.index].iteration, oldest.ticket, control);
        flying.pop_front();
        return;
      }
      state_.history = oldest.before;
      next = oldest.index;
      flying.clear();
      device().rasterizer().grew_after_overflow();
    };

    bool stopping = false;
    while (!stopping && (next < plan.n || !flying.empty())) {
      stopping = stops(control);
      if (stopping || next == plan.n || flying.size() > kStepsAhead) {
        if (!flying.empty()) settle_oldest();
        continue;
      }
      const StepHistory before = state_.history;
      bool enqueued = false;
      try {
        enqueue(plan, next, ++ticket_);
        enqueued = true;
        flying.push_back({next++, ticket_, before});
        views_->release(plan.steps[next - 1].next_view);
      } catch (...) {
        if (!enqueued) state_.history = before;
        while (!flying.empty()) settle_oldest();
        throw;
      }
    }
    while (!flying.empty()) settle_oldest();
    return stopping && next < plan.n ? TAME_CANCELLED : TAME_OK;
  }

  void enqueue(const PlannedSteps& plan, uint32_t index, uint32_t ticket) {
    const tame_step& step = plan.steps[index];
    const uint32_t view = plan.views[index];
    const float* rates = plan.rates + size_t(index) * TAME_PARAMETERS;
    Rasterizer& rasterizer = device().rasterizer();
    Loss& loss = device().loss();
    const tame_camera& camera = views_->camera(view);
    RasterInput input = {gaussians_->planes(), gaussians_->layout(),      gaussians_->count(),
                         int(step.sh_degree),  core::camera_from(camera), {}};
    std::copy(step.background, step.background + 3, input.background);
    rasterizer.prepare(input, false, true);
    loss.reserve(camera.width, camera.height, true);
    transform_.reserve(camera.width, camera.height);
    const Photo photo = views_->acquire(view, step.background);

    const auto work = [&] {
      rasterizer.forward();
      const Counts* counts = rasterizer.counts();
      const float* image = transform_.forward(view, camera.width, camera.height, rasterizer.image(), counts);
      loss.evaluate(camera.width, camera.height, state_.options.lambda_dssim, image, photo, learns(step), loss_.data(),
                    counts);
      if (learns(step)) {
        transform_.backward(0, loss.gradient());
        rasterizer.backward(loss.gradient(), nullptr, state_.options.pass_clamped_gradient != 0);
        optimize(step, rates, rasterizer);
        if ((step.flags & TAME_STEP_TRANSFORM) != 0)
          transform_.step(gain_step(state_.options, step.transform_rate), &view, 1, counts);
      }
      finish_step_kernel<<<1, 1, 0, stream()>>>(counts, loss_.data(), ticket, mailbox_.data());
      check_launch("launch finish_step_kernel");
    };
    // A profile times the phases one by one.
    if (device().profile().on())
      work();
    else
      graph_.run(stream(), work);
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
    rasterizer.optimize(args, true);
  }

  // True when the step did its work, false when it had too little room.
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

  Graph graph_;  // goes last, when the memory that its kernels use was freed, which waits for them
  const std::shared_ptr<GpuGaussians> gaussians_;
  const std::shared_ptr<GpuViews> views_;
  TrainingState& state_;
  Transform transform_;
  uint32_t ticket_ = 0;  // of the last step enqueued
  DeviceBuffer<double> loss_;
  PinnedBuffer<Mailbox> mailbox_;
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
