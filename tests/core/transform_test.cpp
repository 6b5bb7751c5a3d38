// Gains of a view, and sums over the views of a step: core/transform.h and core/tree_sum.h.
#include "core/transform.h"

#include "test.h"

namespace core = tame::core;
using test::expect_close;
using test::Random;

namespace {

constexpr uint32_t kViews = 3;
constexpr tame::GainStep kStep = {0.1f, 0.f, 0.f, 1e-15f};

// Log-gains of kViews views, all 0.
struct Gains {
  float gains[3 * kViews] = {}, m[3 * kViews] = {}, v[3 * kViews] = {};
  uint32_t steps[kViews] = {};
  tame::ViewGains views() { return {gains, m, v, steps, kViews}; }
};

}  // namespace

TEST("tree_sum() adds as a balanced binary tree") {
  // Added one after another, the small values would be lost.
  double values[4] = {1e16, 1, 1, 1};
  test::expect(core::tree_sum(values, 4) == (1e16 + 1) + (1.0 + 1.0), "another order");
  double equal[8] = {0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1};
  test::expect(core::tree_sum(equal, 8) == 0.8, "8 equal values");
  double one[1] = {3};
  test::expect(core::tree_sum(one, 1) == 3, "one value");
}

TEST("levels_complete() returns the level of the sum that ends with a view") {
  const uint32_t expected[8] = {0, 1, 0, 2, 0, 1, 0, 3};
  for (uint32_t place = 0; place < 8; ++place)
    test::expect(core::levels_complete(place) == expected[place], test::text("place %u", place));
}

TEST("step_gains() updates each view of a step once, with the mean gradient over the step") {
  Random random(41);
  double gradients[4 * 3];
  for (double& gradient : gradients) gradient = random.normal();
  const uint32_t views[4] = {2, 0, 2, 2};
  Gains gains;
  for (uint32_t place = 0; place < 4; ++place) core::step_gains(gains.views(), kStep, views, 4, place, gradients);
  test::expect(gains.steps[0] == 1 && gains.steps[1] == 0 && gains.steps[2] == 1, "steps");
  for (uint32_t c = 0; c < 3; ++c) {
    // With a beta of 0 the first moment is the gradient.
    expect_close("view 0", gains.m[c * kViews], gradients[3 + c] / 4, 1e-7);
    expect_close("view 2", gains.m[c * kViews + 2], (gradients[c] + gradients[6 + c] + gradients[9 + c]) / 4, 1e-6);
    test::expect(gains.m[c * kViews + 1] == 0 && gains.gains[c * kViews + 1] == 0, "view 1 changed");
    // The first step has the size of the rate, against the gradient.
    expect_close("gain", gains.gains[c * kViews], gradients[3 + c] > 0 ? -0.1 : 0.1, 1e-6);
  }
}

TEST("gain_of() is exactly 1 when the log-gain is 0") {
  Gains gains;
  test::expect(core::gain_of(gains.views(), 1, 2) == 1.f, "not 1");
}
