// Sixteen floats as one scalar of core/, with AVX-512: masks are in mask registers.
// Included by simd.h.
#pragma once

namespace tame {
inline namespace TAME_SIMD_LEVEL {
namespace core {

struct Mask16 {
  __mmask16 v;
};

struct F16 {
  __m512 v;
  F16() = default;
  TAME_FN F16(float x) : v(_mm512_set1_ps(x)) {}
  TAME_FN explicit F16(__m512 native) : v(native) {}
};

template <>
struct MaskOf<F16> {
  using type = Mask16;
};

TAME_FN F16 operator+(F16 a, F16 b) {
  return F16(a.v + b.v);
}
TAME_FN F16 operator-(F16 a, F16 b) {
  return F16(a.v - b.v);
}
TAME_FN F16 operator*(F16 a, F16 b) {
  return F16(a.v * b.v);
}
TAME_FN F16 operator/(F16 a, F16 b) {
  return F16(a.v / b.v);
}
TAME_FN F16 operator-(F16 a) {
  return F16(-a.v);
}
TAME_FN Mask16 operator<(F16 a, F16 b) {
  return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)};
}
TAME_FN Mask16 operator>(F16 a, F16 b) {
  return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_GT_OQ)};
}
TAME_FN Mask16 operator<=(F16 a, F16 b) {
  return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LE_OQ)};
}
TAME_FN Mask16 operator>=(F16 a, F16 b) {
  return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_GE_OQ)};
}
TAME_FN Mask16 operator&(Mask16 a, Mask16 b) {
  return {__mmask16(a.v & b.v)};
}
TAME_FN Mask16 operator|(Mask16 a, Mask16 b) {
  return {__mmask16(a.v | b.v)};
}
TAME_FN F16 select(Mask16 m, F16 a, F16 b) {
  return F16(_mm512_mask_mov_ps(b.v, m.v, a.v));
}
TAME_FN F16 minimum(F16 a, F16 b) {
  return F16(_mm512_min_ps(a.v, b.v));
}
TAME_FN F16 maximum(F16 a, F16 b) {
  return F16(_mm512_max_ps(a.v, b.v));
}
TAME_FN F16 mad(F16 a, F16 b, F16 c) {
  return F16(_mm512_fmadd_ps(a.v, b.v, c.v));
}
TAME_FN F16 sqrt(F16 x) {
  return F16(_mm512_sqrt_ps(x.v));
}
// 1 / x within 2 units in the last place: an estimate of 14 bits and a Newton step; a division would take 16 cycles.
TAME_FN F16 reciprocal(F16 x) {
  const F16 estimate(_mm512_rcp14_ps(x.v));
  return estimate * mad(-estimate, x, F16(2.f));
}
TAME_FN bool any(Mask16 m) {
  return m.v != 0;
}
TAME_FN uint32_t lane_bits(Mask16 m) {
  return m.v;
}
TAME_FN void load(const float* p, F16& x) {
  x.v = _mm512_loadu_ps(p);
}
TAME_FN void store(float* p, F16 x) {
  _mm512_storeu_ps(p, x.v);
}
TAME_FN F16 exp2(F16 x) {
  const __m512 n = _mm512_roundscale_ps(x.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  return F16(_mm512_scalef_ps(exp2_fraction(x - F16(n)).v, n));
}

// Each vector's lanes added up, in a fixed order.
TAME_FN void sums(const F16 x[8], float out[8]) {
  F8 halves[8];
  for (int k = 0; k < 8; ++k)
    halves[k] = F8(NativeF(_mm512_castps512_ps256(x[k].v))) + F8(NativeF(_mm512_extractf32x8_ps(x[k].v, 1)));
  sums(halves, out);
}
TAME_FN float sum(F16 x) {
  return sum(F8(NativeF(_mm512_castps512_ps256(x.v))) + F8(NativeF(_mm512_extractf32x8_ps(x.v, 1))));
}

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame
