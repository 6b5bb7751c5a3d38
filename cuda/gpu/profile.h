// Times of the phases of a step, measured with events on the stream while profiling is on.
#pragma once

#include <deque>
#include <vector>

#include "runtime.h"

namespace tame::gpu {

// Sums over passes, in device memory; names as in tame_profile.
struct PairCounts {
  unsigned long long visible, instances, evaluated, blended;
};

class Profile {
 public:
  Profile(Ledger& ledger, const Stream& stream);
  ~Profile();
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;

  bool on() const { return on_; }
  void enable(bool on);          // from zero; waits
  void read(tame_profile& out);  // waits
  void count_pass(uint64_t pixels, uint64_t gaussians);
  PairCounts* pairs() { return pairs_.data(); }

  // Adds the device's time for what its scope enqueues to a phase. Errors are reported at the next checked call.
  class Clock {
   public:
    Clock(Profile& profile, uint32_t phase) : profile_(profile), counting_(profile.on_) {
      if (counting_) profile_.begin(phase);
    }
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    ~Clock() {
      if (counting_) cudaEventRecord(profile_.spans_.back().end, profile_.stream_);
    }

   private:
    Profile& profile_;
    const bool counting_;
  };

 private:
  struct Span {
    uint32_t phase;
    cudaEvent_t start, end;
  };
  void begin(uint32_t phase);
  void drain();  // waits and empties spans_

  const Stream& stream_;
  bool on_ = false;
  tame_profile totals_ = {};
  DeviceBuffer<PairCounts> pairs_;
  std::deque<Span> spans_;         // enqueued, in order
  std::vector<cudaEvent_t> free_;  // events for reuse
};

}  // namespace tame::gpu
