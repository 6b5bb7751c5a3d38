// Eight-lane arithmetic of cuda/cpu/simd.h as plain functions, one table per SIMD level. As in cuda/cpu/kernels.h, the
// units that fill a table include no C++ library header: the linker could keep their copy of a shared inline function.
#pragma once

namespace test {

constexpr int kLaneCount = 8;

// Arrays hold one number per lane. A mask is 8 bits, lane 0 the lowest.
struct Lanes {
  const char* level;
  bool fused;  // mad rounds once
  void (*exp)(const float* x, float* out);
  void (*log)(const float* x, float* out);
  void (*sqrt)(const float* x, float* out);
  void (*ceil)(const float* x, float* out);
  void (*minimum)(const float* a, const float* b, float* out);
  void (*maximum)(const float* a, const float* b, float* out);
  void (*mad)(const float* a, const float* b, const float* c, float* out);
  void (*arithmetic)(const float* a, const float* b, float* sum, float* difference, float* product, float* quotient);
  float (*sum)(const float* x);
  void (*select)(unsigned mask, const float* a, const float* b, float* out);
  bool (*any)(unsigned mask);
  // <, >, <=, >= in turn, and a < b and, or, with a <= b.
  void (*compare)(const float* a, const float* b, unsigned masks[6]);
  // One camera, eight Gaussians: rows of eight numbers. camera: see lanes.cpp. in: mean, scale, quaternion, cotangents
  // of mean and conic (15 rows). out: mean, depth, variance, conic, radius, gradients of mean, log-scale and quaternion
  // (19 rows).
  void (*project)(const float* camera, const float* in, float* out);
  // The widest vectors of the level: see WideRow. a, b, c: wide_lanes numbers; out: kWideRows rows of them.
  int wide_lanes;
  void (*wide)(const float* a, const float* b, const float* c, float* out);
  // x: 8 rows of wide_lanes numbers; out: their 8 sums, and the first of them from sum().
  void (*wide_sums)(const float* x, float* out);
  unsigned (*wide_bits)(const float* a, const float* b);  // of a < b
};

constexpr int kMostWideLanes = 16;
enum WideRow {
  kSum,
  kDifference,
  kProduct,
  kQuotient,
  kNegative,
  kMad,
  kMinimum,
  kMaximum,
  kLess,        // select(a < b, a, c), and so on
  kGreater,     // a > b
  kBoth,        // (a <= b) & (a >= c)
  kEither,      // (a <= b) | (a >= c)
  kSquareRoot,  // of b b
  kExp2,        // of a
  kReciprocal,  // of a
  kWideRows
};
constexpr int kCameraNumbers = 20, kProjectIn = 16, kProjectOut = 20;

}  // namespace test
