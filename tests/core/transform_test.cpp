// Colour transforms of a view, and sums over the views of a step: core/transform.h and core/tree_sum.h.
#include "core/transform.h"

#include "test.h"

namespace core = tame::core;
using test::expect_close;
using test::Random;

namespace {

constexpr uint32_t kViews = 3;
constexpr tame::TransformStep kStep = {0.1f, 0.f, 0.f, 1e-15f};
constexpr uint32_t kKinds[2] = {tame::kGainParameters, tame::kAffineParameters};

// Parameters of kViews views, all 0.
struct Parameters {
  uint32_t parameters;
  float values[12 * kViews] = {}, m[12 * kViews] = {}, v[12 * kViews] = {};
  uint32_t steps[kViews] = {};
  tame::ViewTransforms views() { return {values, m, v, steps, kViews, parameters}; }
};

// The definition, in double: colour c of x under the parameters of a view.
double expected_color(const tame::ViewTransforms& t, uint32_t view, uint32_t c, const double x[3]) {
  const auto p = [&](uint32_t k) { return double(t.values[size_t(k) * t.views + view]); };
  if (t.parameters == tame::kGainParameters) return std::exp(p(c)) * x[c];
  double value = x[c] + p(4 * c + 3);
  for (uint32_t k = 0; k < 3; ++k) value += p(4 * c + k) * x[k];
  return value;
}

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

TEST("transformed() is the identity to the bit where the parameters are 0") {
  Random random(40);
  for (const uint32_t kind : kKinds) {
    Parameters p = {kind};
    const tame::ColorTransform t = core::color_transform(p.views(), 1);
    for (int i = 0; i < 100; ++i) {
      const float x[3] = {float(random.normal()), float(random.normal()), float(random.normal())};
      for (uint32_t c = 0; c < 3; ++c) test::expect(core::transformed(t, c, x) == x[c], test::text("colour %u", c));
    }
  }
}

TEST("color_gradient() and parameter_gradient() agree with central differences") {
  Random random(42);
  for (const uint32_t kind : kKinds) {
    Parameters p = {kind};
    for (float& value : p.values) value = 0.3f * float(random.normal());
    const tame::ViewTransforms t = p.views();
    const uint32_t view = 2;
    const double x[3] = {0.3, 0.5, 0.8}, weights[3] = {0.7, -1.1, 0.4};
    const auto loss = [&](const double* color) {
      double sum = 0;
      for (uint32_t c = 0; c < 3; ++c) sum += weights[c] * expected_color(t, view, c, color);
      return sum;
    };
    const float color[3] = {0.3f, 0.5f, 0.8f}, gradient[3] = {0.7f, -1.1f, 0.4f};
    const tame::ColorTransform transform = core::color_transform(t, view);
    for (uint32_t c = 0; c < 3; ++c) {
      double more[3] = {x[0], x[1], x[2]}, less[3] = {x[0], x[1], x[2]};
      more[c] += 1e-4, less[c] -= 1e-4;
      expect_close(test::text("colour %u", c).c_str(), core::color_gradient(transform, c, gradient),
                   (loss(more) - loss(less)) / 2e-4, 1e-6);
      expect_close("value", core::transformed(transform, c, color), expected_color(t, view, c, x), 1e-6);
    }
    for (uint32_t k = 0; k < kind; ++k) {
      const core::ParameterPlace place = core::parameter_place(transform, kind, k);
      float& value = p.values[size_t(k) * kViews + view];
      const float kept = value;
      value = kept + 1e-2f;
      const double above = value, more = loss(x);
      value = kept - 1e-2f;
      const double step = above - value, less = loss(x);
      value = kept;
      expect_close(test::text("parameter %u", k).c_str(),
                   core::parameter_gradient(place, place.column == 3 ? 1.f : color[place.column], gradient[place.row]),
                   (more - less) / step, 1e-4);
    }
  }
}

TEST("clamped_to_saturation() clamps only beyond a saturated value of the photo") {
  const auto clamped = core::clamped_to_saturation;
  test::expect(clamped(1.5f, 255) == 1.f && clamped(-0.5f, 0) == 0.f, "beyond");
  test::expect(clamped(0.9f, 255) == 0.9f && clamped(0.1f, 0) == 0.1f, "within");
  test::expect(clamped(1.5f, 254) == 1.5f && clamped(-0.5f, 1) == -0.5f, "photo not saturated");
  test::expect(core::beyond_saturation(1.5f, 255) && !core::beyond_saturation(1.f, 255), "limit");
}

TEST("balance_gradient() is that of the mean square of the white balance") {
  Parameters p = {tame::kGainParameters};
  const double gains[3] = {0.2, -0.1, 0.4};
  for (uint32_t c = 0; c < 3; ++c) p.values[c * kViews + 1] = float(gains[c]);
  const auto term = [](const double* g) {
    const double mean = (g[0] + g[1] + g[2]) / 3;
    double sum = 0;
    for (uint32_t c = 0; c < 3; ++c) sum += (g[c] - mean) * (g[c] - mean) / 3;
    return 0.01 * sum;
  };
  for (uint32_t c = 0; c < 3; ++c) {
    double more[3] = {gains[0], gains[1], gains[2]}, less[3] = {gains[0], gains[1], gains[2]};
    more[c] += 1e-3, less[c] -= 1e-3;
    expect_close("gradient", core::balance_gradient(p.views(), 1, c), (term(more) - term(less)) / 2e-3, 1e-8);
  }
}

TEST("step_transform() updates each view of a step once, with the mean gradient over the step") {
  Random random(41);
  for (const uint32_t kind : kKinds) {
    double gradients[4 * 12];
    for (double& gradient : gradients) gradient = random.normal();
    const uint32_t views[4] = {2, 0, 2, 2};
    Parameters p = {kind};
    for (uint32_t place = 0; place < 4; ++place) core::step_transform(p.views(), kStep, views, 4, place, gradients);
    test::expect(p.steps[0] == 1 && p.steps[1] == 0 && p.steps[2] == 1, "steps");
    for (uint32_t k = 0; k < kind; ++k) {
      // With a beta of 0 the first moment is the gradient.
      expect_close("view 0", p.m[k * kViews], gradients[kind + k] / 4, 1e-7);
      expect_close("view 2", p.m[k * kViews + 2],
                   (gradients[k] + gradients[2 * kind + k] + gradients[3 * kind + k]) / 4, 1e-6);
      test::expect(p.m[k * kViews + 1] == 0 && p.values[k * kViews + 1] == 0, "view 1 changed");
      // The first step has the size of the rate, against the gradient.
      expect_close("value", p.values[k * kViews], gradients[kind + k] > 0 ? -0.1 : 0.1, 1e-6);
    }
  }
}

TEST("step_transform() draws gains together that no photo tells apart, and leaves affine parameters") {
  const double gradients[12] = {};
  const uint32_t views[1] = {1};
  for (const uint32_t kind : kKinds) {
    Parameters p = {kind};
    p.values[1] = 0.3f;  // parameter 0 of view 1
    core::step_transform(p.views(), kStep, views, 1, 0, gradients);
    test::expect(kind == tame::kGainParameters ? p.values[1] < 0.3f && p.values[kViews + 1] > 0 : p.values[1] == 0.3f,
                 test::text("%u parameters", kind));
  }
}
