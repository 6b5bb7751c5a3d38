// See threads.h. Workers spin briefly before they sleep: a training step is about twenty rounds of tens of microseconds
// to milliseconds each, and waking a sleeping thread costs as much as a short round.
#include "threads.h"

#include <new>
#include <system_error>

namespace tame {

namespace {

constexpr int kSpins = 4000;

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

Threads::Threads(uint32_t threads) : shares_(threads) {
  workers_.reserve(threads - 1);
  // If the system gives no more threads, the existing ones do the work; the results are the same.
  try {
    for (uint32_t t = 1; t < threads; ++t) workers_.emplace_back([this, t] { work_until_closed(t); });
  } catch (const std::system_error&) {
  } catch (const std::bad_alloc&) {
  }
}

Threads::~Threads() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    closing_.store(true);
  }
  begin_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void Threads::take_items(uint32_t thread) {
  for (uint32_t k = 0; k < uint32_t(shares_.size()); ++k) {
    Share& share = shares_[(thread + k) % shares_.size()];
    for (uint32_t item = share.next.fetch_add(1); item < share.end; item = share.next.fetch_add(1))
      call_(work_, item, thread);
  }
}

void Threads::start(uint32_t items, Call call, const void* work) {
  if (workers_.empty() || items <= 1) {
    for (uint32_t item = 0; item < items; ++item) call(work, item, 0);
    return;
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    call_ = call;
    work_ = work;
    const uint64_t count = shares_.size();
    for (uint64_t k = 0; k < count; ++k) {
      shares_[k].next.store(uint32_t(items * k / count));
      shares_[k].end = uint32_t(items * (k + 1) / count);
    }
    working_.store(uint32_t(workers_.size()));
    round_.fetch_add(1);
  }
  begin_.notify_all();
  take_items(0);
  for (int spin = 0; spin < kSpins; ++spin) {
    if (working_.load(std::memory_order_acquire) == 0) return;
    pause();
  }
  std::unique_lock<std::mutex> lock(mutex_);
  end_.wait(lock, [this] { return working_.load() == 0; });
}

void Threads::work_until_closed(uint32_t thread) {
  uint64_t seen = 0;
  for (;;) {
    for (int spin = 0; spin < kSpins && round_.load(std::memory_order_acquire) == seen; ++spin) pause();
    {
      std::unique_lock<std::mutex> lock(mutex_);
      begin_.wait(lock, [&] { return closing_.load() || round_.load() != seen; });
      if (closing_.load()) return;
      seen = round_.load();
    }
    take_items(thread);
    if (working_.fetch_sub(1) == 1) {
      std::lock_guard<std::mutex> lock(mutex_);  // so that the waiter cannot miss it between test and sleep
      end_.notify_one();
    }
  }
}

}  // namespace tame
