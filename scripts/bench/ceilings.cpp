// What the processor can do at most: fused multiply-adds on registers, and bytes to and from memory, on some threads.
// Loaded by scripts/bench/ceilings.ts; built with the instructions of the machine that builds it.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

namespace {

constexpr int kRounds = 8;                // the best counts: something else may use the machine
constexpr int kLanes = 16, kChains = 12;  // enough independent chains for two units of latency 4
typedef float Vector __attribute__((vector_size(4 * kLanes)));

// Runs work(thread) on each thread; seconds until the last has ended.
template <class Work>
double timed(uint32_t threads, const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> others;
  for (uint32_t t = 1; t < threads; ++t) others.emplace_back(work, t);
  work(0);
  for (std::thread& other : others) other.join();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

volatile float factor = 0.999f, sink;  // so that nothing is known before, or dropped

void multiply_add(int64_t times) {
  const float f = factor;
  Vector x[kChains];
  for (int k = 0; k < kChains; ++k) x[k] = Vector{} + float(k);
  for (int64_t i = 0; i < times; ++i)
    for (int k = 0; k < kChains; ++k) x[k] = x[k] * f + f;
  float sum = 0;
  for (int k = 0; k < kChains; ++k) sum += x[k][0];
  sink = sum;
}

}  // namespace

// Floating-point operations a second, a fused multiply-add counting two.
extern "C" double bench_peak_flops(uint32_t threads) {
  constexpr int64_t kTimes = 4'000'000;
  double best = 0;
  for (int round = 0; round < kRounds; ++round) {
    const double seconds = timed(threads, [](uint32_t) { multiply_add(kTimes); });
    best = std::max(best, 2.0 * kLanes * kChains * double(kTimes) * threads / seconds);
  }
  return best;
}

// Bytes a second of a[i] = b[i] + s c[i] over arrays of `floats` each, by the two reads and the write it names.
extern "C" double bench_memory_bandwidth(uint32_t threads, uint32_t floats) {
  std::vector<float> a(floats, 1.f), b(floats, 2.f), c(floats, 3.f);
  double best = 0;
  for (int round = 0; round < kRounds; ++round) {
    const double seconds = timed(threads, [&](uint32_t t) {
      const size_t first = size_t(floats) * t / threads, last = size_t(floats) * (t + 1) / threads;
      for (size_t i = first; i < last; ++i) a[i] = b[i] + 0.5f * c[i];
    });
    best = std::max(best, 3.0 * sizeof(float) * floats / seconds);
  }
  return best;
}
