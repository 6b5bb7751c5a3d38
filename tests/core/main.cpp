// Runs every native test and prints one line each, then the totals; exit code 1 if any failed.
#include <exception>

#include "test.h"

int main() {
  int passed = 0, failed = 0, skipped = 0;
  const auto fail = [&](const char* name, const std::string& why) {
    std::printf("FAILED %s: %s\n", name, why.c_str());
    ++failed;
  };
  for (const test::Test& each : test::tests()) {
    test::current_case() = -1;
    try {
      each.body();
      std::printf("ok %s\n", each.name);
      ++passed;
    } catch (const test::Skip& skip) {
      std::printf("skipped %s: %s\n", each.name, skip.why.c_str());
      ++skipped;
    } catch (const test::Failure& failure) {
      fail(each.name, failure.why);
    } catch (const std::exception& error) {
      fail(each.name, error.what());
    }
  }
  std::printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
  return failed == 0 ? 0 : 1;
}
