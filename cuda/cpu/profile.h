// Times of the phases of a step, measured while profiling is on.
#pragma once

#include <chrono>
#include <cstdint>

#include "../tame.h"

namespace tame::cpu {

class Profile {
 public:
  bool on() const { return on_; }
  void enable(bool on) {
    on_ = on;
    totals = {};
  }

  // Adds the time of its scope to a phase.
  class Clock {
   public:
    Clock(Profile& profile, uint32_t phase) : profile_(profile), phase_(phase) {
      if (profile_.on_) start_ = std::chrono::steady_clock::now();
    }
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    ~Clock() {
      if (profile_.on_)
        profile_.totals.nanoseconds[phase_] += uint64_t(
            std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start_).count());
    }

   private:
    Profile& profile_;
    const uint32_t phase_;
    std::chrono::steady_clock::time_point start_;
  };

  tame_profile totals = {};

 private:
  bool on_ = false;
};

}  // namespace tame::cpu
