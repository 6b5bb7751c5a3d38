// See exit.h.
#include "exit.h"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>

namespace tame {

namespace {

constexpr auto kLongestWait = std::chrono::seconds(5);

std::atomic<bool> ending{false};
std::atomic<int> running{0};

void wait_for_calls() {
  ending.store(true);
  const auto deadline = std::chrono::steady_clock::now() + kLongestWait;
  while (running.load() != 0 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace

// Functions registered later run earlier: CUDA registers its own when the first device is opened.
void wait_for_calls_at_exit() {
  static const int registered = std::atexit(wait_for_calls);
  (void)registered;
}

bool exiting() noexcept {
  return ending.load();
}

bool begin_call() noexcept {
  running.fetch_add(1);
  if (!ending.load()) return true;
  running.fetch_sub(1);
  return false;
}

void end_call() noexcept {
  running.fetch_sub(1);
}

}  // namespace tame
