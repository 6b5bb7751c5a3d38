// Eight floats as one scalar of core/: compiler vector extensions, which work on any target.
// Included by kernels.cpp only, once per instruction set.
#pragma once

#include <cstdint>
#include <cstring>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "../core/scalar.h"

namespace tame {
inline namespace TAME_SIMD_LEVEL {
namespace core {

constexpr int kLanes = 8;
typedef float NativeF __attribute__((vector_size(32)));
typedef int32_t NativeI __attribute__((vector_size(32)));

struct Mask8 {
  NativeI v;  // 0 or -1 per lane
};

struct F8 {
  NativeF v;
  F8() = default;
  TAME_FN F8(float x) : v{x, x, x, x, x, x, x, x} {}
  TAME_FN explicit F8(NativeF native) : v(native) {}
};

template <>
struct MaskOf<F8> {
  using type = Mask8;
};

TAME_FN F8 operator+(F8 a, F8 b) {
  return F8(a.v + b.v);
}
TAME_FN F8 operator-(F8 a, F8 b) {
  return F8(a.v - b.v);
}
TAME_FN F8 operator*(F8 a, F8 b) {
  return F8(a.v * b.v);
}
TAME_FN F8 operator/(F8 a, F8 b) {
  return F8(a.v / b.v);
}
TAME_FN F8 operator-(F8 a) {
  return F8(-a.v);
}
// g++ 10 takes a <= b for !(a > b) where it has both of the same vectors, though NaN tells them apart. There the
// comparisons are the processor's own, which the compiler does not look into.
#if defined(__SSE2__) && !defined(__clang__) && __GNUC__ < 11
#if defined(__AVX2__)
#define TAME_COMPARE(a, operation, sse, avx, b) NativeI(_mm256_cmp_ps(__m256(a), __m256(b), avx))
#else
template <__m128 (*kCompare)(__m128, __m128)>
TAME_FN NativeI compare_halves(NativeF a, NativeF b) {
  __m128 x[2], y[2];
  std::memcpy(x, &a, sizeof x);
  std::memcpy(y, &b, sizeof y);
  x[0] = kCompare(x[0], y[0]);
  x[1] = kCompare(x[1], y[1]);
  NativeI mask;
  std::memcpy(&mask, x, sizeof mask);
  return mask;
}
#define TAME_COMPARE(a, operation, sse, avx, b) compare_halves<sse>(a, b)
#endif
#else
#define TAME_COMPARE(a, operation, sse, avx, b) ((a)operation(b))
#endif

TAME_FN Mask8 operator<(F8 a, F8 b) {
  return {TAME_COMPARE(a.v, <, _mm_cmplt_ps, _CMP_LT_OQ, b.v)};
}
TAME_FN Mask8 operator>(F8 a, F8 b) {
  return {TAME_COMPARE(a.v, >, _mm_cmpgt_ps, _CMP_GT_OQ, b.v)};
}
TAME_FN Mask8 operator<=(F8 a, F8 b) {
  return {TAME_COMPARE(a.v, <=, _mm_cmple_ps, _CMP_LE_OQ, b.v)};
}
TAME_FN Mask8 operator>=(F8 a, F8 b) {
  return {TAME_COMPARE(a.v, >=, _mm_cmpge_ps, _CMP_GE_OQ, b.v)};
}
TAME_FN Mask8 operator&(Mask8 a, Mask8 b) {
  return {a.v & b.v};
}
TAME_FN Mask8 operator|(Mask8 a, Mask8 b) {
  return {a.v | b.v};
}

TAME_FN F8 load(const float* p) {
  F8 x;
  std::memcpy(&x.v, p, sizeof x.v);
  return x;
}
TAME_FN void load(const float* p, F8& x) {
  x = load(p);
}
TAME_FN void store(float* p, F8 x) {
  std::memcpy(p, &x.v, sizeof x.v);
}

#if defined(__AVX2__)
TAME_FN F8 mad(F8 a, F8 b, F8 c) {
  return F8(NativeF(_mm256_fmadd_ps(__m256(a.v), __m256(b.v), __m256(c.v))));
}
TAME_FN F8 sqrt(F8 x) {
  return F8(NativeF(_mm256_sqrt_ps(__m256(x.v))));
}
TAME_FN F8 ceil(F8 x) {
  return F8(NativeF(_mm256_ceil_ps(__m256(x.v))));
}
TAME_FN F8 select(Mask8 m, F8 a, F8 b) {
  return F8(m.v ? a.v : b.v);
}
TAME_FN bool any(Mask8 m) {
  return _mm256_movemask_ps(__m256(m.v)) != 0;
}
TAME_FN uint32_t lane_bits(Mask8 m) {
  return uint32_t(_mm256_movemask_ps(__m256(m.v)));
}
TAME_FN F8 minimum(F8 a, F8 b) {
  return F8(NativeF(_mm256_min_ps(__m256(a.v), __m256(b.v))));
}
TAME_FN F8 maximum(F8 a, F8 b) {
  return F8(NativeF(_mm256_max_ps(__m256(a.v), __m256(b.v))));
}
#else
// By bits: if a vector is several registers, g++ compiles `?:` to one branch per lane.
TAME_FN F8 select(Mask8 m, F8 a, F8 b) {
  return F8((NativeF)((m.v & (NativeI)a.v) | (~m.v & (NativeI)b.v)));
}
TAME_FN F8 mad(F8 a, F8 b, F8 c) {
  return F8(a.v * b.v + c.v);
}
TAME_FN F8 sqrt(F8 x) {
  for (int i = 0; i < kLanes; ++i) x.v[i] = __builtin_sqrtf(x.v[i]);
  return x;
}
TAME_FN F8 ceil(F8 x) {
  for (int i = 0; i < kLanes; ++i) x.v[i] = __builtin_ceilf(x.v[i]);
  return x;
}
TAME_FN bool any(Mask8 m) {
  int32_t seen = 0;
  for (int i = 0; i < kLanes; ++i) seen |= m.v[i];
  return seen != 0;
}
TAME_FN uint32_t lane_bits(Mask8 m) {
  uint32_t bits = 0;
  for (int i = 0; i < kLanes; ++i) bits |= uint32_t(m.v[i] & 1) << i;
  return bits;
}
#endif

TAME_FN F8 reciprocal(F8 x) {
  return F8(1.f) / x;
}

TAME_FN F8 log(F8 x) {
  for (int i = 0; i < kLanes; ++i) x.v[i] = __builtin_logf(x.v[i]);
  return x;
}

// e^x = 2^n e^r, n the nearest integer to x / ln 2, |r| <= ln 2 / 2, e^r = 1 + r + r^2 P(r) with a minimax P of degree
// 4: the relative error is at most 8e-8, 0.7 units in the last place. Below -87 it gives e^-87, above 88 e^88; NaN
// gives about e^88, which the callers mask.
TAME_FN F8 exp(F8 x) {
  x = clamp(x, F8(-87.f), F8(88.f));
  const float shifter = 12582912.f;  // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
  const F8 shifted = mad(x, F8(1.44269504088896341f), F8(shifter));
  const F8 n = shifted - F8(shifter);
  const F8 r = mad(n, F8(2.12194440e-4f), mad(n, F8(-0.693359375f), x));  // ln 2 in two parts
  F8 p = F8(0.001381459878757596f);
  p = mad(p, r, F8(0.008368716575205326f));
  p = mad(p, r, F8(0.04166838899254799f));
  p = mad(p, r, F8(0.1666652113199234f));
  p = mad(p, r, F8(0.4999999403953552f));
  p = mad(p, r * r, r) + F8(1.f);
  const NativeI bits = (NativeI)p.v + ((NativeI)shifted.v << 23);
  return F8((NativeF)bits);
}

// 2^r for |r| <= 1/2: a minimax polynomial of degree 5 with relative error 9.4e-8, 1.6e-7 including rounding.
template <class T>
TAME_FN T exp2_fraction(T r) {
  T p = T(0.0013269519f);
  p = mad(p, r, T(0.009671291f));
  p = mad(p, r, T(0.05550711f));
  p = mad(p, r, T(0.24022247f));
  p = mad(p, r, T(0.693147f));
  return mad(p, r, T(1.f));
}

// For |x| < 126; beyond that the result is some number, which callers mask.
TAME_FN F8 exp2(F8 x) {
  const float shifter = 12582912.f;  // as in exp
  const F8 shifted = x + F8(shifter);
  const NativeI bits = (NativeI)exp2_fraction(x - (shifted - F8(shifter))).v + ((NativeI)shifted.v << 23);
  return F8((NativeF)bits);
}

// Lanes added in a fixed tree, so that the sum does not depend on the instructions.
TAME_FN float sum(F8 x) {
  const float a = x.v[0] + x.v[4], b = x.v[1] + x.v[5], c = x.v[2] + x.v[6], d = x.v[3] + x.v[7];
  return (a + c) + (b + d);
}

// Each vector's lanes added up, in a fixed order.
TAME_FN void sums(const F8 x[8], float out[8]) {
#if defined(__AVX2__)
  __m256 pairs[4], fours[2];
  for (int k = 0; k < 4; ++k) pairs[k] = _mm256_hadd_ps(__m256(x[2 * k].v), __m256(x[2 * k + 1].v));
  for (int k = 0; k < 2; ++k) fours[k] = _mm256_hadd_ps(pairs[2 * k], pairs[2 * k + 1]);
  const __m256 low = _mm256_permute2f128_ps(fours[0], fours[1], 0x20);
  const __m256 high = _mm256_permute2f128_ps(fours[0], fours[1], 0x31);
  _mm256_storeu_ps(out, _mm256_add_ps(low, high));
#else
  for (int k = 0; k < 8; ++k) out[k] = sum(x[k]);
#endif
}

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame

#if defined(__AVX512F__)
#include "simd16.h"
#endif

namespace tame {
inline namespace TAME_SIMD_LEVEL {
namespace core {

// The widest vector, for the blend, whose work fills any width.
#if defined(__AVX512F__)
using Wide = F16;
constexpr int kWideLanes = 16;
#else
using Wide = F8;
constexpr int kWideLanes = 8;
#endif
TAME_FN Wide load_wide(const float* p) {
  Wide x;
  load(p, x);
  return x;
}

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame
