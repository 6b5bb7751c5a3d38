// The operations that the maths of core/ needs of its scalar type T, here for float and double. cuda/cpu/simd.h defines
// them for eight float lanes; a mask is bool for one lane. Code on T uses select() instead of branches.
#pragma once

#include <cmath>

// Each instruction-set unit compiles core/ in its own namespace: otherwise the linker would keep one copy of each
// function, possibly the one with instructions that the running machine lacks.
#ifndef TAME_SIMD_LEVEL
#define TAME_SIMD_LEVEL portable
#endif

#if defined(__CUDACC__)
#define TAME_FN __host__ __device__ __forceinline__
#else
#define TAME_FN inline __attribute__((always_inline))
#endif

// Before a loop of fixed length over a local array: on the GPU the array is then kept in registers.
#if defined(__CUDA_ARCH__)
#define TAME_UNROLL _Pragma("unroll")
#else
#define TAME_UNROLL
#endif

namespace tame {
inline namespace TAME_SIMD_LEVEL {
namespace core {

template <class T>
struct MaskOf {
  using type = bool;
};
template <class T>
using Mask = typename MaskOf<T>::type;

TAME_FN float select(bool m, float a, float b) {
  return m ? a : b;
}
TAME_FN double select(bool m, double a, double b) {
  return m ? a : b;
}
TAME_FN bool any(bool m) {
  return m;
}

// a b + c, fused if the target has it. Explicit, because the build turns the compiler's own contraction off.
TAME_FN float mad(float a, float b, float c) {
#if defined(__CUDA_ARCH__)
  return fmaf(a, b, c);
#else
  return a * b + c;
#endif
}
TAME_FN double mad(double a, double b, double c) {
  return a * b + c;
}

TAME_FN float exp(float x) {
  return ::expf(x);
}
TAME_FN double exp(double x) {
  return ::exp(x);
}
TAME_FN float log(float x) {
  return ::logf(x);
}
TAME_FN double log(double x) {
  return ::log(x);
}
TAME_FN float sqrt(float x) {
  return ::sqrtf(x);
}
TAME_FN double sqrt(double x) {
  return ::sqrt(x);
}
TAME_FN float ceil(float x) {
  return ::ceilf(x);
}
TAME_FN double ceil(double x) {
  return ::ceil(x);
}

// If an argument is NaN, both return b.
template <class T>
TAME_FN T minimum(T a, T b) {
  return select(a < b, a, b);
}
template <class T>
TAME_FN T maximum(T a, T b) {
  return select(a > b, a, b);
}
template <class T>
TAME_FN T clamp(T x, T low, T high) {
  return minimum(maximum(x, low), high);
}

template <class T>
TAME_FN T dot3(const T a[3], const T b[3]) {
  return mad(a[0], b[0], mad(a[1], b[1], a[2] * b[2]));
}

}  // namespace core
}  // namespace TAME_SIMD_LEVEL
}  // namespace tame
