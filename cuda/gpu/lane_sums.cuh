// Sums over a warp's pixels by its lanes, four for each row: for sums that are no products.
#pragma once

#include "replay.cuh"

namespace tame::gpu {

constexpr uint32_t kRowLanes = kWarp / kRows;       // lanes that sum a row
constexpr uint32_t kRowPixels = kWarp / kRowLanes;  // pixels each of them sums: one line of the warp's pixels
static_assert(kRowPixels == kSubTileWidth, "a lane's share of a row is one line of pixels");

// Sums `count` rows and calls put(place, sum) once for each. A Sum has only floats, and add(rows, pixel, values, splat,
// x, y) for the pixel with its centre at (x, y).
template <class Sum, class Rows, class Put>
__device__ __forceinline__ void sum_by_lanes(const Rows& rows, const uint8_t* places, uint32_t count,
                                             const Splat* splats, float left, float top, const Put& put) {
  const uint32_t lane = threadIdx.x % kWarp, row = lane / kRowLanes, line = lane % kRowLanes;
  const bool used = row < count;
  const uint32_t place = used ? places[row] : 0;
  Sum sum = {};
  if (used) {
    const Splat& s = splats[place];
    const float y = top + float(line);
#pragma unroll
    for (uint32_t column = 0; column < kRowPixels; column += 2) {
      const uint32_t pixel = line * kRowPixels + column;
      const float4 two = *reinterpret_cast<const float4*>(&rows.values[row * PixelRows::kStride + pixel]);
      sum.add(rows, pixel, make_float2(two.x, two.y), s, left + float(column), y);
      sum.add(rows, pixel + 1, make_float2(two.z, two.w), s, left + float(column + 1), y);
    }
  }
  float* const values = reinterpret_cast<float*>(&sum);
#pragma unroll
  for (uint32_t v = 0; v < sizeof(Sum) / sizeof(float); ++v)
#pragma unroll
    for (uint32_t step = 1; step < kRowLanes; step *= 2) values[v] += __shfl_xor_sync(kFullWarp, values[v], int(step));
  if (used && line == 0) put(place, sum);
}

}  // namespace tame::gpu
