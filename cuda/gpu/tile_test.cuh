// The tiles that a splat reaches. Splats with more tiles than a mask holds are tested again to emit. Counting and
// emitting test the stored splat, and the test has no product and sum that the compiler could fuse, so they agree.
#pragma once

#include "kernels.h"

namespace tame::gpu {

// The tiles that a splat may reach: their rectangle, and a test of each. A, B, C and cut: for powers of 2, as in Splat.
struct TileTest {
  float x, y, A, B, C, cut;
  TileRectangle span;
  __device__ int area() const { return core::area(span); }
  __device__ uint32_t tile(int index, int tiles_x) const {
    const int across = span.x1 - span.x0;
    return uint32_t((span.y0 + index / across) * tiles_x + span.x0 + index % across);
  }
  __device__ bool reaches(int index) const {
    const int across = span.x1 - span.x0;
    return core::reaches_tile(x, y, A, B, C, cut, span.x0 + index % across, span.y0 + index / across);
  }
};

// For each tile that a splat reaches among tiles `first` to `last` - 1 of its rectangle, row by row, calls ask(tile)
// and then put(k, answer) for the k-th; returns their number. Called by a whole warp for one splat, 32 tiles per round;
// both functions run on any lane. first_round: mask of the first 32 tiles.
template <class Ask, class Put>
__device__ __forceinline__ uint32_t for_tiles_of(const TileTest& test, int first, int last, int tiles_x,
                                                 uint32_t& first_round, const Ask& ask, const Put& put) {
  const int lane = int(threadIdx.x) % kWarp;
  uint32_t found = 0;
  constexpr int kRounds = 4;  // rounds that overlap, including their answers
  for (int base = first; base < last; base += kRounds * kWarp) {
    bool reached[kRounds];
    uint32_t answers[kRounds];
#pragma unroll
    for (int r = 0; r < kRounds; ++r) {
      const int index = base + r * kWarp + lane;
      reached[r] = index < last && test.reaches(index);
    }
#pragma unroll
    for (int r = 0; r < kRounds; ++r)
      if (reached[r]) answers[r] = ask(test.tile(base + r * kWarp + lane, tiles_x));
#pragma unroll
    for (int r = 0; r < kRounds; ++r) {
      const unsigned round = __ballot_sync(kFullWarp, reached[r]);
      if (reached[r]) put(found + uint32_t(__popc(round & ((1u << lane) - 1u))), answers[r]);
      found += uint32_t(__popc(round));
      if (base == first && r == 0) first_round = round;
    }
  }
  return found;
}

// A block's warps share the tiles of a large splat.
constexpr int kParts = kGaussianThreads / kWarp;
__device__ __forceinline__ int part_begin(const TileTest& test, int part) {
  return test.area() * part / kParts;
}

__device__ __forceinline__ TileTest from_lane(const TileTest& test, int lane) {
  TileTest theirs;
  theirs.x = __shfl_sync(kFullWarp, test.x, lane);
  theirs.y = __shfl_sync(kFullWarp, test.y, lane);
  theirs.A = __shfl_sync(kFullWarp, test.A, lane);
  theirs.B = __shfl_sync(kFullWarp, test.B, lane);
  theirs.C = __shfl_sync(kFullWarp, test.C, lane);
  theirs.cut = __shfl_sync(kFullWarp, test.cut, lane);
  theirs.span.x0 = __shfl_sync(kFullWarp, test.span.x0, lane);
  theirs.span.y0 = __shfl_sync(kFullWarp, test.span.y0, lane);
  theirs.span.x1 = __shfl_sync(kFullWarp, test.span.x1, lane);
  theirs.span.y1 = __shfl_sync(kFullWarp, test.span.y1, lane);
  return theirs;
}

__device__ __forceinline__ TileTest test_of(const Splat& s, const TileRectangle& span) {
  return {s.x, s.y, 2.f * s.a, s.b, 2.f * s.c, s.cut, span};
}

}  // namespace tame::gpu
