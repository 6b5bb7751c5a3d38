// The candidate tiles of a splat: reach() and tiles_in_reach() of core/tiles.h, against all pixels of an image.
#include "core/projection.h"
#include "core/tiles.h"
#include "test.h"

namespace core = tame::core;
using tame::TileRectangle;
using test::expect;
using test::for_cases;
using test::Random;

namespace {

constexpr int kTilesX = 12, kTilesY = 10;
constexpr TileRectangle kWhole = {0, 0, kTilesX, kTilesY};

struct Splat {
  float x, y, A, B, C, opacity, cut;
  float variance[2], stretch;
};

// A splat as the projection makes it: sigmas of the given range before the low-pass, at a random angle.
Splat random_splat(Random& random, double smallest, double largest) {
  const double turn = random.uniform(0, M_PI), c = std::cos(turn), s = std::sin(turn);
  const double first = random.log_uniform(smallest, largest), second = random.log_uniform(smallest, largest);
  const float v[6] = {float(c * first), float(-s * second), 0, float(s * first), float(c * second), 0};
  const core::Covariance2<float> covariance = core::covariance2(v);
  const float inverse = 1.f / covariance.determinant;
  Splat splat;
  splat.A = covariance.yy * inverse;
  splat.B = -(covariance.xy * inverse);
  splat.C = covariance.xx * inverse;
  splat.variance[0] = covariance.xx;
  splat.variance[1] = covariance.yy;
  splat.stretch = splat.A * splat.variance[0];
  const double away = std::min(first + second, 400.0) * 2 + 30;
  splat.x = float(random.uniform(-away, 16 * kTilesX + away));
  splat.y = float(random.uniform(-away, 16 * kTilesY + away));
  // One in four hardly above 1/255.
  splat.opacity = random.below(4) == 0 ? float((1 + random.log_uniform(1e-8, 1e-2)) / 255)
                                       : float(random.log_uniform(1 / 255.0, 1));
  splat.cut = core::cut_power(splat.opacity);
  return splat;
}

TileRectangle tiles_of(const Splat& s, const TileRectangle& bounds) {
  return core::tiles_in_reach(s.x, s.y, core::reach(s.cut, s.variance[0], s.stretch),
                              core::reach(s.cut, s.variance[1], s.stretch), bounds);
}

bool contains(const TileRectangle& r, int tx, int ty) {
  return tx >= r.x0 && tx < r.x1 && ty >= r.y0 && ty < r.y1;
}

// Whether a blend takes the splat at an offset: the exponent for powers of 2, in the two orders of the backends.
bool taken(const Splat& s, float dx, float dy) {
  const float A = -0.5f * core::kLog2E * s.A, B = -core::kLog2E * s.B, C = -0.5f * core::kLog2E * s.C;
  const float peak = s.cut * core::kLog2E + core::kLog2MinAlpha;
  const float by_rows = (A * dx + B * dy) * dx + (C * dy * dy + peak);
  const float by_terms = std::log2(s.opacity) + (A * dx * dx + B * dx * dy + C * dy * dy);
  return by_rows >= core::kLog2MinAlpha || by_terms >= core::kLog2MinAlpha;
}

}  // namespace

TEST("tiles_in_reach() has every pixel that a blend takes, also of needles and at the lowest opacities") {
  Random random(91);
  int pixels = 0, needles = 0, outside = 0;
  for_cases(900, [&](int i) {
    const Splat s = i % 2 == 0 ? random_splat(random, 0.3, 60) : random_splat(random, 1e-3, 300);
    if (!(s.cut >= 0.f)) return;
    const TileRectangle r = tiles_of(s, kWhole);
    int found = 0;
    for (int y = 0; y < core::kTile * kTilesY; ++y)
      for (int x = 0; x < core::kTile * kTilesX; ++x) {
        if (!taken(s, s.x - (float(x) + 0.5f), s.y - (float(y) + 0.5f))) continue;
        ++found;
        expect(contains(r, x / core::kTile, y / core::kTile),
               test::text("pixel %d, %d of the splat at %g, %g with stretch %g is cut off", x, y, double(s.x),
                          double(s.y), double(s.stretch)));
      }
    pixels += found;
    needles += found > 0 && s.stretch > 1000;
    outside += found > 0 && (s.x < 0 || s.y < 0 || s.x > 16 * kTilesX || s.y > 16 * kTilesY);
  });
  expect(pixels > 100000 && needles > 10 && outside > 50,
         test::text("%d pixels, %d needles and %d centres outside do not test all", pixels, needles, outside));
}

TEST("tiles_in_reach() has the pixel at the border of the box, if a blend takes it, also of needles") {
  Random random(94);
  int needles = 0, beyond = 0;
  for_cases(200000, [&](int i) {
    Splat s = i % 2 == 0 ? random_splat(random, 0.3, 60) : random_splat(random, 1e-3, 300);
    if (!(s.cut >= 0.f)) return;
    // The ellipse's leftmost or rightmost point, hardly off the first or the last pixel centre of a tile.
    const int axis = random.below(2), side = random.below(2);
    const double half = std::sqrt(2 * double(s.cut) * double(s.variance[axis]));
    const double across = -double(s.B) / double(axis == 0 ? s.C : s.A) * half;
    const double off = 1 + (random.below(2) == 0 ? -1 : 1) * random.log_uniform(1e-8, 1e-2);
    const int tile = random.below(kTilesX < kTilesY ? kTilesX : kTilesY), pixel = 16 * tile + (side == 0 ? 0 : 15);
    const double along = pixel + 0.5 + (side == 0 ? -1 : 1) * half * off;
    const int other = random.below(16 * (axis == 0 ? kTilesY : kTilesX));
    const double beside = other + 0.5 + (side == 0 ? -1 : 1) * across * off;
    s.x = float(axis == 0 ? along : beside);
    s.y = float(axis == 0 ? beside : along);
    const int x = axis == 0 ? pixel : other, y = axis == 0 ? other : pixel;
    if (!taken(s, s.x - (float(x) + 0.5f), s.y - (float(y) + 0.5f))) return;
    needles += s.stretch > 1000;
    beyond += off > 1;
    expect(contains(tiles_of(s, kWhole), x / core::kTile, y / core::kTile),
           test::text("pixel %d, %d of the splat at %g, %g with stretch %g and cut %g is cut off", x, y, double(s.x),
                      double(s.y), double(s.stretch), double(s.cut)));
  });
  expect(needles > 1000 && beyond > 100, test::text("%d needles and %d roundings do not test both", needles, beyond));
}

TEST("tiles_in_reach() is no larger than the box of {alpha >= 1/255} with the stated margin") {
  Random random(92);
  for_cases(3000, [&](int) {
    const Splat s = random_splat(random, 0.3, 60);
    if (!(s.cut >= 0.f)) return;
    const TileRectangle r = tiles_of(s, kWhole);
    if (core::empty(r)) return;
    const double margin = 1.0002 + 1.1e-6 * double(s.stretch);
    const double half_x = std::sqrt(2 * (double(s.cut) + 1e-5) * double(s.variance[0])) * margin + 0.011;
    const double half_y = std::sqrt(2 * (double(s.cut) + 1e-5) * double(s.variance[1])) * margin + 0.011;
    // The nearest pixel centres of the outermost tiles.
    expect(16 * r.x0 + 15.5 >= double(s.x) - half_x && 16 * r.x1 - 15.5 <= double(s.x) + half_x, "too wide");
    expect(16 * r.y0 + 15.5 >= double(s.y) - half_y && 16 * r.y1 - 15.5 <= double(s.y) + half_y, "too high");
  });
}

TEST("tiles_in_reach() stays within its bounds, and is empty without area when it misses them") {
  Random random(93);
  for_cases(3000, [&](int) {
    const TileRectangle bounds = core::tile_rectangle(float(random.uniform(-20, 220)), float(random.uniform(-20, 180)),
                                                      float(1 + random.below(60)), kTilesX, kTilesY);
    const float x = float(random.uniform(-100, 300)), y = float(random.uniform(-100, 300));
    const float reach_x = float(random.uniform(0, 80)), reach_y = float(random.uniform(0, 80));
    const TileRectangle r = core::tiles_in_reach(x, y, reach_x, reach_y, bounds);
    const TileRectangle whole = core::tiles_in_reach(x, y, reach_x, reach_y, kWhole);
    int tiles = 0;
    for (int ty = 0; ty < kTilesY; ++ty)
      for (int tx = 0; tx < kTilesX; ++tx) {
        const bool expected = contains(whole, tx, ty) && contains(bounds, tx, ty);
        expect(contains(r, tx, ty) == expected, "not the intersection");
        tiles += expected;
      }
    expect(core::area(r) == tiles && core::empty(r) == (tiles == 0), test::text("area %d of %d", core::area(r), tiles));
  });
  for (const float x : {-3e38f, -1e9f, 1e9f, 3e38f, std::numeric_limits<float>::quiet_NaN()})
    expect(core::area(core::tiles_in_reach(x, 50.f, 10.f, 10.f, kWhole)) == 0, "a mean far away");
  const float infinite = std::numeric_limits<float>::infinity();
  expect(core::area(core::tiles_in_reach(50.f, 50.f, infinite, infinite, kWhole)) == kTilesX * kTilesY, "all tiles");
}

TEST("coverage_bounds() is the whole image, or the 3-sigma rectangle") {
  const TileRectangle by_alpha = core::coverage_bounds(TAME_COVERAGE_ALPHA, 100.f, 50.f, 9.f, kTilesX, kTilesY);
  expect(core::area(by_alpha) == kTilesX * kTilesY, "alpha");
  const TileRectangle got = core::coverage_bounds(TAME_COVERAGE_RECTANGLE, 100.f, 50.f, 9.f, kTilesX, kTilesY);
  const TileRectangle expected = core::tile_rectangle(100.f, 50.f, 9.f, kTilesX, kTilesY);
  expect(got.x0 == expected.x0 && got.y0 == expected.y0 && got.x1 == expected.x1 && got.y1 == expected.y1, "rectangle");
}
