// Fills the table of lanes.h; compiled once per SIMD level, like cuda/cpu/kernels.cpp.
#include "lanes.h"

#include "core/projection.h"
#include "cpu/simd.h"

namespace test {
inline namespace TAME_SIMD_LEVEL {
namespace {

namespace core = tame::core;
using core::F8;
using core::load;
using core::Mask8;
using core::store;

static_assert(core::kLanes == kLaneCount, "the table is written for eight lanes");

Mask8 mask_of(unsigned bits) {
  Mask8 m;
  for (int l = 0; l < kLaneCount; ++l) m.v[l] = bits >> l & 1 ? -1 : 0;
  return m;
}

unsigned bits_of(Mask8 m) {
  unsigned bits = 0;
  for (int l = 0; l < kLaneCount; ++l) bits |= (m.v[l] != 0 ? 1u : 0u) << l;
  return bits;
}

void exp(const float* x, float* out) {
  store(out, core::exp(load(x)));
}
void log(const float* x, float* out) {
  store(out, core::log(load(x)));
}
void sqrt(const float* x, float* out) {
  store(out, core::sqrt(load(x)));
}
void ceil(const float* x, float* out) {
  store(out, core::ceil(load(x)));
}
void minimum(const float* a, const float* b, float* out) {
  store(out, core::minimum(load(a), load(b)));
}
void maximum(const float* a, const float* b, float* out) {
  store(out, core::maximum(load(a), load(b)));
}
void mad(const float* a, const float* b, const float* c, float* out) {
  store(out, core::mad(load(a), load(b), load(c)));
}
void arithmetic(const float* a, const float* b, float* sum, float* difference, float* product, float* quotient) {
  store(sum, load(a) + load(b));
  store(difference, load(a) - load(b));
  store(product, load(a) * load(b));
  store(quotient, load(a) / load(b));
}
float sum(const float* x) {
  return core::sum(load(x));
}
void select(unsigned mask, const float* a, const float* b, float* out) {
  store(out, core::select(mask_of(mask), load(a), load(b)));
}
bool any(unsigned mask) {
  return core::any(mask_of(mask));
}
void compare(const float* at_a, const float* at_b, unsigned masks[6]) {
  const F8 a = load(at_a), b = load(at_b);
  masks[0] = bits_of(a < b);
  masks[1] = bits_of(a > b);
  masks[2] = bits_of(a <= b);
  masks[3] = bits_of(a >= b);
  masks[4] = bits_of((a < b) & (a <= b));
  masks[5] = bits_of((a < b) | (a <= b));
}

// camera: width, height, fx, fy, cx, cy, near plane, rotation (9), translation (3), whether anti-aliased.
void project(const float* camera, const float* in, float* out) {
  core::Camera<float> c;
  c.width = int(camera[0]);
  c.height = int(camera[1]);
  c.fx = camera[2];
  c.fy = camera[3];
  c.cx = camera[4];
  c.cy = camera[5];
  c.near_plane = camera[6];
  for (int k = 0; k < 9; ++k) c.rotation[k] = camera[7 + k];
  for (int k = 0; k < 3; ++k) c.translation[k] = camera[16 + k];
  c.antialiasing = camera[19] != 0;
  core::complete(c);
  F8 x[kProjectIn], g[10];
  for (int k = 0; k < kProjectIn; ++k) x[k] = load(in + k * kLaneCount);
  const core::Footprint<F8> f = core::project(c, x, x + 3, x + 6);
  core::project_backward(c, x, x + 3, x + 6, x + 10, x + 12, x[15], g, g + 3, g + 6);
  const F8 rows[10] = {f.mean[0],  f.mean[1],  f.depth,    f.variance[0], f.variance[1],
                       f.conic[0], f.conic[1], f.conic[2], f.radius,      f.factor};
  for (int k = 0; k < 10; ++k) store(out + k * kLaneCount, rows[k]);
  for (int k = 0; k < 10; ++k) store(out + (10 + k) * kLaneCount, g[k]);
}

void wide(const float* at_a, const float* at_b, const float* at_c, float* out) {
  const core::Wide a = core::load_wide(at_a), b = core::load_wide(at_b), c = core::load_wide(at_c);
  core::Wide rows[kWideRows];
  rows[kSum] = a + b;
  rows[kDifference] = a - b;
  rows[kProduct] = a * b;
  rows[kQuotient] = a / b;
  rows[kNegative] = -a;
  rows[kMad] = core::mad(a, b, c);
  rows[kMinimum] = core::minimum(a, b);
  rows[kMaximum] = core::maximum(a, b);
  rows[kLess] = core::select(a < b, a, c);
  rows[kGreater] = core::select(a > b, a, c);
  rows[kBoth] = core::select((a <= b) & (a >= c), a, c);
  rows[kEither] = core::select((a <= b) | (a >= c), a, c);
  rows[kSquareRoot] = core::sqrt(b * b);
  rows[kExp2] = core::exp2(a);
  rows[kReciprocal] = core::reciprocal(a);
  for (int k = 0; k < kWideRows; ++k) store(out + k * core::kWideLanes, rows[k]);
}
void wide_sums(const float* x, float* out) {
  core::Wide rows[8];
  for (int k = 0; k < 8; ++k) rows[k] = core::load_wide(x + k * core::kWideLanes);
  core::sums(rows, out);
  out[8] = core::sum(rows[0]);
}
unsigned wide_bits(const float* a, const float* b) {
  return core::lane_bits(core::load_wide(a) < core::load_wide(b));
}

#define TAME_TEXT(x) #x
#define TAME_NAME(x) TAME_TEXT(x)
#if defined(__AVX2__)
constexpr bool kFused = true;
#else
constexpr bool kFused = false;
#endif

}  // namespace

extern const Lanes lanes;  // declared first: a const object is otherwise private to its file
const Lanes lanes = {TAME_NAME(TAME_SIMD_LEVEL),
                     kFused,
                     exp,
                     log,
                     sqrt,
                     ceil,
                     minimum,
                     maximum,
                     mad,
                     arithmetic,
                     sum,
                     select,
                     any,
                     compare,
                     project,
                     core::kWideLanes,
                     wide,
                     wide_sums,
                     wide_bits};

}  // namespace TAME_SIMD_LEVEL
}  // namespace test
