// Shared by the native tests: registration, checks, seeded random numbers, central differences.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

namespace test {

struct Test {
  const char* name;
  void (*body)();
};

inline std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

struct Registration {
  Registration(const char* name, void (*body)()) { tests().push_back({name, body}); }
};

// Thrown by a test to end itself: the first failed check, or the reason why it cannot run here.
struct Failure {
  std::string why;
};
struct Skip {
  std::string why;
};

// The random case being checked; failures report it.
inline int& current_case() {
  static int number = -1;
  return number;
}

__attribute__((format(printf, 1, 2))) inline std::string text(const char* format, ...) {
  char buffer[512];
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(buffer, sizeof buffer, format, arguments);
  va_end(arguments);
  return buffer;
}

[[noreturn]] inline void fail(const std::string& why) {
  throw Failure{current_case() < 0 ? why : text("case %d, ", current_case()) + why};
}

inline void expect(bool holds, const char* what) {
  if (!holds) fail(what);
}
inline void expect(bool holds, const std::string& what) {
  if (!holds) fail(what);
}

// |actual - expected| <= bound; a NaN on either side fails.
inline void expect_close(const std::string& what, double actual, double expected, double bound) {
  const double error = std::fabs(actual - expected);
  if (error <= bound) return;
  fail(text("%s: got %.17g, expected %.17g, error %.3g above %.3g", what.c_str(), actual, expected, error, bound));
}

inline double largest(const double* x, int n) {
  double most = 0;
  for (int i = 0; i < n; ++i) most = std::max(most, std::fabs(x[i]));
  return most;
}

// Entry by entry, against the largest entry of the block: an entry may be 0 by cancellation.
template <class T>
void expect_block(const std::string& what, const T* actual, const double* expected, int n, double relative,
                  double floor = 0) {
  const double bound = relative * largest(expected, n) + floor;
  for (int i = 0; i < n; ++i) expect_close(what + text("[%d]", i), double(actual[i]), expected[i], bound);
}

// Splitmix64 (Steele et al. 2014): the same numbers on every machine, which std:: distributions do not guarantee.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  double uniform(double low, double high) { return low + (high - low) * (double(next() >> 11) * 0x1p-53); }
  double log_uniform(double low, double high) { return std::exp(uniform(std::log(low), std::log(high))); }
  double normal() {
    const double u = 1 - uniform(0, 1), v = uniform(0, 1);
    return std::sqrt(-2 * std::log(u)) * std::cos(2 * M_PI * v);
  }
  double sign() { return next() >> 63 ? 1.0 : -1.0; }
  int below(int count) { return int((next() >> 33) % uint64_t(count)); }

 private:
  uint64_t next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  uint64_t state_;
};

// d f / d x by central differences of shrinking steps, extrapolated to step 0 (Ridders 1982): the entry of the
// extrapolation table that differs least from its two neighbours. f must be smooth within `step` of x.
template <class F>
double derivative(const F& f, double x, double step) {
  constexpr int kRows = 8;
  double table[kRows][kRows], best = 0, best_error = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kRows; ++i, step /= 2) {
    const double up = x + step, down = x - step;
    table[i][0] = (f(up) - f(down)) / (up - down);
    double power = 4;
    for (int j = 1; j <= i; ++j, power *= 4) {
      table[i][j] = (power * table[i][j - 1] - table[i - 1][j - 1]) / (power - 1);
      const double error =
          std::max(std::fabs(table[i][j] - table[i][j - 1]), std::fabs(table[i][j] - table[i - 1][j - 1]));
      if (error < best_error) {
        best_error = error;
        best = table[i][j];
      }
    }
  }
  return best;
}

// Checks the gradient of loss() with respect to x[0..n), which loss reads, as expect_block. steps: first step of each
// entry. noise: rounding of loss(), which a difference quotient divides by the step.
template <class F>
void expect_gradient(const std::string& what, const double* gradient, double* x, int n, const double* steps,
                     double relative, double noise, const F& loss) {
  std::vector<double> expected;
  for (int i = 0; i < n; ++i) {
    const double at = x[i];
    const auto moved = [&](double value) {
      x[i] = value;
      return loss();
    };
    expected.push_back(derivative(moved, at, steps[i]));
    x[i] = at;
  }
  const double most = largest(expected.data(), n);
  for (int i = 0; i < n; ++i)
    expect_close(what + text("[%d]", i), gradient[i], expected[size_t(i)], relative * most + noise / steps[i]);
}

template <class F>
void for_cases(int count, const F& body) {
  for (int i = 0; i < count; ++i) {
    current_case() = i;
    body(i);
  }
  current_case() = -1;
}

}  // namespace test

#define TEST_JOIN(a, b) a##b
#define TEST_NAME(prefix, line) TEST_JOIN(prefix, line)
// TEST("symbol() does X when Y") { ... }
#define TEST(name)                                                                                      \
  static void TEST_NAME(test_, __LINE__)();                                                             \
  static const test::Registration TEST_NAME(registration_, __LINE__)(name, TEST_NAME(test_, __LINE__)); \
  static void TEST_NAME(test_, __LINE__)()
