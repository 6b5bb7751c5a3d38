// Training steps, enqueued ahead of the device. A step is a transaction: where its buffers prove too small it and those
// behind it change nothing, the host makes room and enqueues them again.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <deque>
#include <limits>
#include <thread>

#include "../abi/step.h"
#include "../core/activations.h"
#include "edit.h"
#include "graph.h"
#include "score.h"

namespace tame::gpu {

namespace {

constexpr uint32_t kSlots = 8;  // mailbox entries: more than there are steps ahead
constexpr uint32_t kThreads = 256;
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

__global__ void limit_kernel(float* values, uint32_t count, float lowest, float highest) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) values[i] = core::maximum(lowest, core::minimum(values[i], highest));
}

class GpuTrainer : public Trainer {
 public:
  GpuTrainer(std::shared_ptr<GpuGaussians> gaussians, std::shared_ptr<GpuViews> views,
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
        scores_(ledger(), TAME_PURPOSE_OTHER),
        loss_(ledger(), TAME_PURPOSE_OTHER, 1),
        mailbox_(1) {
    *mailbox_.data() = {};
    clear(first_moments_);
    clear(second_moments_);
    clear(sh_sums_);
    clear(gradient_sums_);
    clear(visible_steps_);
    clear(max_radii_);
    stream().wait();
  }

  tame_status run(const tame_step* plan, uint32_t n, int32_t* control) override {
    return device().use([&] { return run_here(plan, n, control); });
  }

  void reset_opacity(float maximum) override {
    device().use([&] {
      const Layout& layout = gaussians_->layout();
      const uint32_t count = gaussians_->count();
      const float highest = layout.linear_opacity ? maximum : core::logit(maximum);
      const float lowest = layout.linear_opacity ? -maximum : -std::numeric_limits<float>::infinity();
      if (count != 0) {
        limit_kernel<<<blocks_for(count, kThreads), kThreads, 0, stream()>>>(
            gaussians_->planes().plane(layout.opacity()), count, lowest, highest);
        check_launch("launch limit_kernel");
      }
      forget_opacity();
    });
  }

  void set_linear_opacity(bool linear) override {
    device().use([&] {
      gaussians_->set_linear_opacity(linear);
      forget_opacity();
    });
  }

  void statistics(float* gradient_sums, uint32_t* visible_steps, float* max_radii) const override {
    gaussians_->device().use([&] {
      fetch(gradient_sums, gradient_sums_);
      fetch(visible_steps, visible_steps_);
      fetch(max_radii, max_radii_);
      gaussians_->device().stream().wait();
    });
  }

  void reset_statistics() override {
    device().use([&] {
      clear(gradient_sums_);
      clear(visible_steps_);
      clear(max_radii_);
      stream().wait();
    });
  }

  void score(const uint32_t* views, uint32_t n, const float* weights, int sh_degree,
             const float background[3]) override {
    device().use([&] {
      scores_.assign(gaussians_->capacity());
      gpu::score(*gaussians_, *views_,
                 {views, n, weights, sh_degree, background, options_.lambda_dssim, gradient_sums_.data(),
                  visible_steps_.data()},
                 scores_.data());
    });
  }

  void scores(float* out) const override {
    device().use([&] {
      if (scores_.size() == 0)
        std::fill_n(out, gaussians_->count(), 0.f);
      else
        fetch(out, scores_);
      stream().wait();
    });
  }

  void edit_rows(const RowEdit& edit, uint32_t iteration, uint32_t round) override {
    device().use([&] {
      RowEditor editor(device(), edit);
      const Planes planes = gaussians_->planes();
      for (int k = 0; k < gaussians_->layout().planes(); ++k) editor.gather(false, planes.plane(k));
      editor.place_new_rows(planes, gaussians_->layout(), iteration, round);
      for (const DeviceBuffer<float>* moments : {&first_moments_, &second_moments_, &sh_sums_})
        for (size_t at = 0; at < moments->size(); at += planes.stride) editor.gather(true, moments->data() + at);
      for (const DeviceBuffer<float>* values : {&gradient_sums_, &max_radii_, &scores_})
        if (values->size() != 0) editor.gather(false, values->data());
      editor.gather(visible_steps_.data());
      stream().wait();
      gaussians_->set_count(edit.size());
    });
  }

 private:
  GpuDevice& device() const { return gaussians_->device(); }
  Ledger& ledger() const { return device().ledger(); }
  const Stream& stream() const { return device().stream(); }
  size_t plane_floats(int planes) const { return gaussians_->planes().stride * size_t(planes); }

  // Zeroes the opacities' moments. Waits.
  void forget_opacity() {
    const size_t stride = gaussians_->planes().stride, at = size_t(gaussians_->layout().opacity()) * stride;
    for (float* moments : {first_moments_.data(), second_moments_.data()})
      check(cudaMemsetAsync(moments + at, 0, stride * sizeof(float), stream()), "clear the opacities' moments");
    stream().wait();
  }

  template <class T>
  void clear(DeviceBuffer<T>& buffer) {
    if (buffer.size() != 0) check(cudaMemsetAsync(buffer.data(), 0, buffer.bytes(), stream()), "clear training state");
  }
  template <class T>
  void fetch(T* to, const DeviceBuffer<T>& from) const {
    if (to != nullptr && gaussians_->count() != 0)
      check(cudaMemcpyAsync(to, from.data(), gaussians_->count() * sizeof(T), cudaMemcpyDeviceToHost, stream()),
            "download statistics");
  }

  struct InFlight {
    uint32_t index;  // in the plan
    uint32_t ticket;
    StepHistory before;
  };

  tame_status run_here(const tame_step* plan, uint32_t n, int32_t* control) {
    std::deque<InFlight> flying;
    uint32_t next = 0;
    // Steps behind `next` are enqueued again when the oldest in flight turns out to have had too little room.
    const auto settle_oldest = [&] {
      const InFlight oldest = flying.front();
      if (wait_for(oldest.ticket)) {
        report(oldest.index, plan[oldest.index].iteration, oldest.ticket, control);
        flying.pop_front();
        return;
      }
      history_ = oldest.before;
      next = oldest.index;
      flying.clear();
      device().rasterizer().grew_after_overflow();
    };

    bool stopping = false;
    while (!stopping && (next < n || !flying.empty())) {
      stopping = __atomic_load_n(control + TAME_CONTROL_STOP, __ATOMIC_ACQUIRE) != 0;
      if (stopping || next == n || flying.size() > kStepsAhead) {
        if (!flying.empty()) settle_oldest();
        continue;
      }
      const tame_step& step = plan[next];
      const StepHistory before = history_;
      bool enqueued = false;
      try {
        enqueue(step, ++ticket_);
        enqueued = true;
        flying.push_back({next++, ticket_, before});
        views_->release(step.next_view);
      } catch (...) {
        if (!enqueued) history_ = before;
        while (!flying.empty()) settle_oldest();
        throw;
      }
    }
    while (!flying.empty()) settle_oldest();
    return stopping && next < n ? TAME_CANCELLED : TAME_OK;
  }

  void enqueue(const tame_step& step, uint32_t ticket) {
    Rasterizer& rasterizer = device().rasterizer();
    const tame_camera& camera = views_->camera(step.view);
    RasterInput input = {gaussians_->planes(), gaussians_->layout(),      gaussians_->count(),
                         int(step.sh_degree),  core::camera_from(camera), {}};
    std::copy(step.background, step.background + 3, input.background);
    rasterizer.prepare(input, false, true);
    rasterizer.reserve_loss(camera.width, camera.height, true);
    const Photo photo = views_->acquire(step.view, step.background);

    const auto work = [&] {
      rasterizer.forward();
      rasterizer.loss(options_.lambda_dssim, photo, learns(step), loss_.data());
      if (learns(step)) {
        rasterizer.backward(rasterizer.loss_gradient(), nullptr, options_.pass_clamped_gradient != 0);
        optimize(step, rasterizer);
      }
      finish_step_kernel<<<1, 1, 0, stream()>>>(rasterizer.counts(), loss_.data(), ticket, mailbox_.data());
      check_launch("launch finish_step_kernel");
    };
    // A profile times the phases one by one.
    if (device().profile().on())
      work();
    else
      graph_.run(stream(), work);
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
  std::shared_ptr<GpuGaussians> gaussians_;
  std::shared_ptr<GpuViews> views_;
  const tame_trainer_options options_;
  StepHistory history_;
  uint32_t ticket_ = 0;  // of the last step enqueued
  DeviceBuffer<float> first_moments_, second_moments_, sh_sums_;
  DeviceBuffer<float> gradient_sums_;
  DeviceBuffer<uint32_t> visible_steps_;
  DeviceBuffer<float> max_radii_;
  DeviceBuffer<float> scores_;  // from the first score() on
  DeviceBuffer<double> loss_;
  PinnedBuffer<Mailbox> mailbox_;
};

}  // namespace

std::shared_ptr<Trainer> GpuDevice::make_trainer(std::shared_ptr<Gaussians> gaussians, std::shared_ptr<Views> views,
                                                 const tame_trainer_options& options) {
  return use([&] {
    return std::make_shared<GpuTrainer>(std::static_pointer_cast<GpuGaussians>(gaussians),
                                        std::static_pointer_cast<GpuViews>(views), options);
  });
}

}  // namespace tame::gpu
