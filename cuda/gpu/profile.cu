// See profile.h.
#include "profile.h"

namespace tame::gpu {

namespace {

constexpr size_t kMostSpans = 4096;  // before the host waits and reads them, which bounds the number of events

cudaEvent_t take_event(std::vector<cudaEvent_t>& free) {
  cudaEvent_t event = nullptr;
  if (free.empty()) {
    check(cudaEventCreate(&event), "create an event");
  } else {
    event = free.back();
    free.pop_back();
  }
  return event;
}

}  // namespace

Profile::Profile(Ledger& ledger, const Stream& stream) : stream_(stream), pairs_(ledger, TAME_PURPOSE_OTHER) {}

Profile::~Profile() {
  for (const Span& span : spans_) {
    cudaEventDestroy(span.start);
    cudaEventDestroy(span.end);
  }
  for (cudaEvent_t event : free_) cudaEventDestroy(event);
}

void Profile::begin(uint32_t phase) {
  if (spans_.size() == kMostSpans) drain();
  free_.reserve(free_.size() + 2 * spans_.size() + 2);  // so that drain() cannot fail
  const cudaEvent_t start = take_event(free_), end = take_event(free_);
  spans_.push_back({phase, start, end});
  check(cudaEventRecord(start, stream_), "record an event");
}

void Profile::drain() {
  stream_.wait();
  for (; !spans_.empty(); spans_.pop_front()) {
    const Span& span = spans_.front();
    float milliseconds = 0.f;
    check(cudaEventElapsedTime(&milliseconds, span.start, span.end), "read the time between events");
    totals_.nanoseconds[span.phase] += uint64_t(1e6 * double(milliseconds));
    free_.push_back(span.start);
    free_.push_back(span.end);
  }
}

void Profile::enable(bool on) {
  drain();
  totals_ = {};
  if (on) {
    pairs_.assign(1);
    check(cudaMemsetAsync(pairs_.data(), 0, sizeof(PairCounts), stream_), "clear pair counts");
  }
  on_ = on;
}

void Profile::read(tame_profile& out) {
  drain();
  out = totals_;
  if (!on_) return;
  PairCounts pairs;
  check(cudaMemcpyAsync(&pairs, pairs_.data(), sizeof pairs, cudaMemcpyDeviceToHost, stream_), "read pair counts");
  stream_.wait();
  out.visible = pairs.visible;
  out.instances = pairs.instances;
  out.evaluated = pairs.evaluated;
  out.blended = pairs.blended;
}

void Profile::count_pass(uint64_t pixels, uint64_t gaussians) {
  totals_.passes += 1;
  totals_.pixels += pixels;
  totals_.gaussians += gaussians;
}

}  // namespace tame::gpu
