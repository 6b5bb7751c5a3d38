// Counts the allocations of a device handle by purpose, and rejects those that would exceed the limit. Counts host
// memory beside the device's as well. Backends allocate through it; tame_device_memory reads it while calls run, hence
// the atomics.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdio>

#include "failure.h"

namespace tame {

inline const char* purpose_name(uint32_t purpose) {
  static const char* const names[TAME_PURPOSES] = {"parameters", "optimizer state", "statistics",
                                                   "photos",     "splats",          "instances",
                                                   "images",     "other scratch",   "gradients"};
  return purpose < TAME_PURPOSES ? names[purpose] : "unknown";
}

class Ledger {
 public:
  explicit Ledger(uint64_t limit) : limit_(limit) {}

  // Throws TAME_OUT_OF_MEMORY with purpose, wanted and free bytes if it would exceed the limit.
  void take(uint32_t purpose, uint64_t bytes) {
    const uint64_t live = live_.fetch_add(bytes) + bytes;
    if (limit_ != 0 && live > limit_) {
      live_.fetch_sub(bytes);
      const uint64_t used = live - bytes;
      throw_out_of_memory(purpose, bytes, limit_ > used ? limit_ - used : 0);
    }
    raise(peak_, live);
    raise(peak_by_[purpose], live_by_[purpose].fetch_add(bytes) + bytes);
  }

  void give_back(uint32_t purpose, uint64_t bytes) {
    live_.fetch_sub(bytes);
    live_by_[purpose].fetch_sub(bytes);
  }

  // Host memory of a backend whose device has its own. It has no limit.
  void take_host(uint64_t bytes) { raise(host_peak_, host_live_.fetch_add(bytes) + bytes); }
  void give_back_host(uint64_t bytes) { host_live_.fetch_sub(bytes); }

  [[noreturn]] static void throw_out_of_memory(uint32_t purpose, uint64_t wanted, uint64_t free) {
    char text[200];
    std::snprintf(text, sizeof text, "Out of memory for %s: wanted %.1f MiB, %.1f MiB free", purpose_name(purpose),
                  double(wanted) / 1048576.0, double(free) / 1048576.0);
    throw Failure(TAME_OUT_OF_MEMORY, text, wanted, free);
  }

  uint64_t limit() const { return limit_; }
  uint64_t live() const { return live_.load(); }

  void read(tame_memory& out, bool reset_peak) {
    out.limit = limit_;
    out.live = live_.load();
    out.peak = peak_.load();
    for (uint32_t p = 0; p < TAME_PURPOSES; ++p) {
      out.live_by_purpose[p] = live_by_[p].load();
      out.peak_by_purpose[p] = peak_by_[p].load();
    }
    out.host_live = host_live_.load();
    out.host_peak = host_peak_.load();
    if (!reset_peak) return;
    host_peak_.store(host_live_.load());
    peak_.store(live_.load());
    for (uint32_t p = 0; p < TAME_PURPOSES; ++p) peak_by_[p].store(live_by_[p].load());
  }

 private:
  static void raise(std::atomic<uint64_t>& peak, uint64_t value) {
    uint64_t seen = peak.load();
    while (seen < value && !peak.compare_exchange_weak(seen, value)) {
    }
  }

  const uint64_t limit_;
  std::atomic<uint64_t> live_{0};
  std::atomic<uint64_t> peak_{0};
  std::atomic<uint64_t> live_by_[TAME_PURPOSES] = {};
  std::atomic<uint64_t> peak_by_[TAME_PURPOSES] = {};
  std::atomic<uint64_t> host_live_{0};
  std::atomic<uint64_t> host_peak_{0};
};

}  // namespace tame
