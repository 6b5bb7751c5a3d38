// A thread pool for numbered work items. Any thread may take an item: every item writes to its own locations, so
// results do not depend on the number of threads.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace tame {

class Threads {
 public:
  // threads >= 1, including the calling thread.
  explicit Threads(uint32_t threads);
  ~Threads();
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  uint32_t size() const { return uint32_t(workers_.size()) + 1; }

  // Calls work(item, thread) for item = 0 .. items - 1, thread < size(), and waits. work must not throw. Each thread
  // begins with a share of neighbouring items, the same in every run with this number of items, so that the next phase
  // of a step finds what the last one wrote in its own core's cache; idle threads take items from other shares.
  template <class Work>
  void run(uint32_t items, const Work& work) {
    static_assert(std::is_invocable_v<Work, uint32_t, uint32_t>);
    start(
        items, [](const void* w, uint32_t item, uint32_t thread) { (*static_cast<const Work*>(w))(item, thread); },
        &work);
  }

  // Calls work(begin, end) for ranges that together are 0 .. n - 1, the same for any number of threads, and waits.
  template <class Work>
  void ranges(size_t n, const Work& work) {
    run(uint32_t((n + kRange - 1) / kRange),
        [&](uint32_t item, uint32_t) { work(item * kRange, n - item * kRange < kRange ? n : (item + 1) * kRange); });
  }

  // Calls put(place, i) takes(i) times for each i = 0 .. n - 1, after size(number of calls); place counts the calls
  // from 0, by increasing i. takes gives a number, or whether it is 1.
  template <class Takes, class Size, class Put>
  void compact(size_t n, const Takes& takes, const Size& size, const Put& put) {
    std::vector<size_t> firsts((n + kRange - 1) / kRange + 1, 0);
    ranges(n, [&](size_t begin, size_t end) {
      size_t taken = 0;
      for (size_t i = begin; i < end; ++i) taken += size_t(takes(i));
      firsts[begin / kRange + 1] = taken;
    });
    for (size_t k = 1; k < firsts.size(); ++k) firsts[k] += firsts[k - 1];
    size(firsts.back());
    ranges(n, [&](size_t begin, size_t end) {
      size_t place = firsts[begin / kRange];
      for (size_t i = begin; i < end; ++i)
        for (size_t k = size_t(takes(i)); k > 0; --k) put(place++, i);
    });
  }

 private:
  static constexpr size_t kRange = 8192;

  using Call = void (*)(const void*, uint32_t, uint32_t);
  void start(uint32_t items, Call call, const void* work);
  void take_items(uint32_t thread);
  void work_until_closed(uint32_t thread);

  struct alignas(64) Share {  // a cache line of its own
    std::atomic<uint32_t> next{0};
    uint32_t end = 0;
  };

  std::vector<Share> shares_;
  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable begin_, end_;
  std::atomic<uint64_t> round_{0};    // incremented by each run; workers wait for it
  std::atomic<uint32_t> working_{0};  // workers not yet done with this round
  std::atomic<bool> closing_{false};
  Call call_ = nullptr;
  const void* work_ = nullptr;
};

}  // namespace tame
