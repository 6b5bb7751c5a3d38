// Which tiles a splat reaches: core/tiles.h.
#include "core/tiles.h"

#include "test.h"

namespace core = tame::core;
using test::expect;
using test::expect_close;
using test::for_cases;
using test::Random;

namespace {

struct Conic {
  double A, B, C;
  double at(double dx, double dy) const { return 0.5 * (A * dx * dx + C * dy * dy) + B * dx * dy; }
};

// The inverse of a covariance with axes of the given sizes, in pixels, at a random angle.
Conic random_conic(Random& random, double smallest, double largest) {
  const double turn = random.uniform(0, M_PI), c = std::cos(turn), s = std::sin(turn);
  const double first = std::pow(random.log_uniform(smallest, largest), -2);
  const double second = std::pow(random.log_uniform(smallest, largest), -2);
  return {c * c * first + s * s * second, c * s * (first - second), s * s * first + c * c * second};
}

struct Box {
  double x0, x1, y0, y1;
};

// Smallest E over the box: 0 if it contains the mean, else the minimum over its four edges, on each of which E is a
// parabola.
double least_over_edges(const Conic& e, const Box& b) {
  if (b.x0 <= 0 && b.x1 >= 0 && b.y0 <= 0 && b.y1 >= 0) return 0;
  double least = std::numeric_limits<double>::infinity();
  for (const double x : {b.x0, b.x1}) least = std::min(least, e.at(x, std::clamp(-e.B * x / e.C, b.y0, b.y1)));
  for (const double y : {b.y0, b.y1}) least = std::min(least, e.at(std::clamp(-e.B * y / e.A, b.x0, b.x1), y));
  return least;
}

double smallest(const Conic& e, const Box& b) {
  return core::smallest_quadratic(e.A, e.B, e.C, b.x0, b.x1, b.y0, b.y1);
}

void expect_rectangle(float x, float y, float radius, int tiles_x, int tiles_y) {
  // Kerbl et al. 2023, with pixel centres at integers: truncation toward zero, then the clamp.
  const auto bound = [](double at, int tiles) {
    return int(std::min(std::max(std::trunc(at / core::kTile), 0.0), double(tiles)));
  };
  const double px = x - 0.5, py = y - 0.5, r = radius;
  const tame::TileRectangle got = core::tile_rectangle(x, y, radius, tiles_x, tiles_y);
  const int expected[4] = {bound(px - r, tiles_x), bound(py - r, tiles_y), bound(px + r + 15, tiles_x),
                           bound(py + r + 15, tiles_y)};
  const int actual[4] = {got.x0, got.y0, got.x1, got.y1};
  for (int k = 0; k < 4; ++k)
    expect(actual[k] == expected[k], test::text("x %g, y %g, radius %g, bound %d: got %d, expected %d", double(x),
                                                double(y), double(radius), k, actual[k], expected[k]));
  const bool none = expected[2] <= expected[0] || expected[3] <= expected[1];
  expect(core::empty(got) == none, "empty()");
}

}  // namespace

TEST("tile_rectangle() follows the formula of the 3-sigma rectangle for means inside, beside and far from the image") {
  Random random(81);
  for_cases(5000, [&](int i) {
    const int tiles_x = 1 + random.below(120), tiles_y = 1 + random.below(80);
    // Multiples of 1/64, so that float adds without rounding and a bound can be exactly on a tile's edge.
    const double reach = i % 2 == 0 ? 2500 : 60000;
    const float x = float(std::round(random.uniform(-reach, reach) * 64) / 64);
    const float y = float(std::round(random.uniform(-reach, reach) * 64) / 64);
    expect_rectangle(x, y, float(1 + random.below(400)), tiles_x, tiles_y);
    // On the edges of tiles, half a pixel and a little to either side of them.
    const float edge = float(16 * (random.below(130) - 5)) + 0.5f;
    for (const float nudge : {-1.f / 64, 0.f, 1.f / 64}) expect_rectangle(edge + nudge, y, 16.f, tiles_x, tiles_y);
  });
}

TEST("tile_rectangle() stays within the grid when the mean or the radius is huge") {
  for (const float x : {-3e38f, -1e9f, -1e5f, 0.f, 1e5f, 1e9f, 3e38f})
    for (const float y : {-3e38f, -1e9f, 0.f, 1e9f, 3e38f})
      for (const float radius : {1.f, 1e4f, 1e9f}) expect_rectangle(x, y, radius, 50, 40);
  const tame::TileRectangle all = core::tile_rectangle(100.f, 100.f, 1e9f, 50, 40);
  expect(all.x0 == 0 && all.y0 == 0 && all.x1 == 50 && all.y1 == 40, "a huge splat covers every tile");
  const float nan = std::numeric_limits<float>::quiet_NaN();
  expect(core::empty(core::tile_rectangle(nan, nan, 1.f, 50, 40)), "a NaN must reach no tile");
}

TEST("smallest_quadratic() is the exact minimum over the box, and not above any sample in it") {
  Random random(82);
  for_cases(4000, [&](int i) {
    const Conic e = random_conic(random, 0.5, i % 2 == 0 ? 30 : 3000);
    Box b;
    b.x0 = random.uniform(-60, 60);
    b.y0 = random.uniform(-60, 60);
    b.x1 = b.x0 + 15;
    b.y1 = b.y0 + 15;
    const double got = smallest(e, b);
    expect_close("minimum", got, least_over_edges(e, b), 1e-9);
    constexpr int kSamples = 30;
    double least = std::numeric_limits<double>::infinity();
    for (int p = 0; p <= kSamples; ++p)
      for (int q = 0; q <= kSamples; ++q)
        least = std::min(least, e.at(b.x0 + (b.x1 - b.x0) * p / kSamples, b.y0 + (b.y1 - b.y0) * q / kSamples));
    expect(got <= least + 1e-9, test::text("%.12g is above %.12g, which a sample has", got, least));
  });
}

TEST("smallest_quadratic() is right when the mean is in the box, on its border and at its corner") {
  Random random(83);
  for_cases(500, [&](int) {
    const Conic e = random_conic(random, 0.5, 100);
    const double inside[2] = {random.uniform(0, 15), random.uniform(0, 15)};
    for (const double x : {inside[0], 0.0, 15.0})
      for (const double y : {inside[1], 0.0, 15.0})
        expect_close("with the mean inside", smallest(e, {x - 15, x, y - 15, y}), 0, 0);
    const Box level = {0, 15, inside[1], inside[1] + 15};  // the mean exactly at the left border's height in x
    expect_close("in line with a border", smallest(e, level), least_over_edges(e, level), 1e-9);
  });
}

TEST("quadratic() is the negated exponent of the splat") {
  Random random(84);
  for_cases(200, [&](int) {
    const Conic e = random_conic(random, 0.5, 100);
    const double dx = random.uniform(-50, 50), dy = random.uniform(-50, 50);
    const double size = e.A * dx * dx + e.C * dy * dy;
    expect_close("double", core::quadratic(e.A, e.B, e.C, dx, dy), e.at(dx, dy), 1e-15 * size);
    const float narrow[5] = {float(e.A), float(e.B), float(e.C), float(dx), float(dy)};
    expect_close("float", core::quadratic(narrow[0], narrow[1], narrow[2], narrow[3], narrow[4]), e.at(dx, dy),
                 5e-7 * size);
  });
}

TEST("cut_power() is the exponent at which alpha falls to 1/255, negative if the opacity is lower") {
  Random random(85);
  for_cases(200, [&](int) {
    const double opacity = random.log_uniform(1e-4, 1), cut = core::cut_power(opacity);
    expect_close("opacity exp(-cut)", opacity * std::exp(-cut), 1 / 255.0, 1e-16);
    expect((cut >= 0) == (opacity >= 1 / 255.0), "sign");
    expect_close("float", core::cut_power(float(opacity)), cut, 2e-6);
  });
}

TEST("reaches_tile() keeps a tile if alpha reaches 1/255 at a pixel, and drops it if alpha is lower in its whole box") {
  Random random(86);
  int kept = 0, dropped = 0;
  for_cases(6000, [&](int) {
    const Conic e = random_conic(random, 0.6, 60);
    const float A = float(e.A), B = float(e.B), C = float(e.C), opacity = float(random.log_uniform(0.005, 1));
    const float x = float(random.uniform(-40, 120)), y = float(random.uniform(-40, 120));
    const int tx = random.below(5), ty = random.below(5);
    const Conic rounded = {A, B, C};
    const double x0 = 16 * tx + 0.5 - x, y0 = 16 * ty + 0.5 - y, cut = std::log(255.0 * opacity);
    const double far_x = std::max(std::fabs(x0), std::fabs(x0 + 15)),
                 far_y = std::max(std::fabs(y0), std::fabs(y0 + 15));
    const double rounding = 1e-6 * (1 + A * far_x * far_x + C * far_y * far_y);
    const bool reaches = core::reaches_tile(x, y, A, B, C, core::cut_power(opacity), tx, ty);
    ++(reaches ? kept : dropped);
    const double least = least_over_edges(rounded, {x0, x0 + 15, y0, y0 + 15});
    if (reaches) {
      expect(least <= cut + rounding, test::text("kept, though E is at least %g, above %g", least, cut));
      return;
    }
    for (int row = 0; row < core::kTile; ++row)
      for (int column = 0; column < core::kTile; ++column)
        expect(rounded.at(x0 + column, y0 + row) >= cut - rounding, "dropped, though alpha reaches 1/255 at a pixel");
  });
  expect(kept > 500 && dropped > 500, test::text("%d kept and %d dropped do not test both", kept, dropped));
}
