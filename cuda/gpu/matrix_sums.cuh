// Sums over a warp's pixels by the matrix units: for kRows splats at a time the products of two numbers of each pixel
// with columns of per-pixel numbers. The units multiply numbers of 11 bits of significand (tf32) and add in float32, so
// each number is the sum of two such parts: 22 bits.
#pragma once

#include "replay.cuh"

namespace tame::gpu {

constexpr int kLines = kSubTileHeight;  // of pixels; one multiplication adds the pixels of a line
static_assert(kSubTileWidth == 8, "the inner dimension is a line of 8 pixels");

// The upper part of a number; the lower part is the rest, of which the units ignore the last bits.
__device__ __forceinline__ float upper_part(float x) {
  return __uint_as_float(__float_as_uint(x) & 0xffffe000u);
}

// sum += a b, of 16 x 8 and 8 x 8 numbers, in the layout of mma.m16n8k8: lane l has rows l / 4 (x) and l / 4 + 8 (y) of
// the first matrix at pixels l % 4 (near) and l % 4 + 4 (far); of the second one column l / 4 at the same pixels; of
// the sum columns 2 (l % 4) and the next in row l / 4, then in row l / 4 + 8.
__device__ __forceinline__ void multiply_add(float (&sum)[4], const float2& near, const float2& far,
                                             const float (&b)[2]) {
  asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
      : "r"(__float_as_uint(near.x)), "r"(__float_as_uint(near.y)), "r"(__float_as_uint(far.x)),
        "r"(__float_as_uint(far.y)), "r"(__float_as_uint(b[0])), "r"(__float_as_uint(b[1])));
}

constexpr float kCenterX = 0.5f * (kSubTileWidth - 1), kCenterY = 0.5f * (kSubTileHeight - 1);

// The second matrix of each line and lane for sums times 1, x, y, xx, xy, yy: columns of these monomials of the pixels,
// x and y from the centre of the warp's pixels, which are exact in tf32. In shared memory, for all warps.
struct Monomials {
  float values[kLines][kWarp][2];

  // Called by all threads of a block, before a barrier.
  __device__ __forceinline__ void begin() {
    const int lane = int(threadIdx.x) % kWarp, line = int(threadIdx.x) / kWarp, column = lane / 4;
    if (line >= kLines) return;
    const float y = float(line) - kCenterY;
    for (int far = 0; far < 2; ++far) {
      const float x = float(lane % 4 + 4 * far) - kCenterX;
      values[line][lane][far] = column == 0   ? 1.f
                                : column == 1 ? x
                                : column == 2 ? y
                                : column == 3 ? x * x
                                : column == 4 ? x * y
                                : column == 5 ? y * y
                                              : 0.f;
    }
  }
};

// From rows of a splat's weight and h: sums of weights times the pixels' gradients, and of h times the monomials.
struct GradientSums {
  float colors[kLines][2];  // the second matrix of each line: columns of the upper and the lower part of each channel

  // state.g: the gradient of this lane's pixel.
  template <class State>
  __device__ __forceinline__ void begin(PixelRows& rows, const State& state) {
    const int lane = int(threadIdx.x) % kWarp, column = lane / 4;
    float* const planes = reinterpret_cast<float*>(rows.values);
    for (int c = 0; c < 3; ++c) planes[c * kWarp + lane] = state.g[c];
    __syncwarp();
#pragma unroll
    for (int line = 0; line < kLines; ++line)
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int across = lane % 4 + 4 * half;
        const float of_pixel = column < 6 ? planes[column / 2 * kWarp + line * kSubTileWidth + across] : 0.f;
        colors[line][half] = column % 2 == 0 ? upper_part(of_pixel) : of_pixel - upper_part(of_pixel);
      }
    __syncwarp();
  }

  template <class Record>
  __device__ __forceinline__ void add(const PixelRows& rows, const uint8_t* places, uint32_t count, const Splat* splats,
                                      float left, float top, const Monomials& monomials, Record* records) const {
    const uint32_t lane = threadIdx.x % kWarp, row = lane / 4, share = lane % 4;
    // Of the upper and of the lower parts: two chains of additions for each.
    float color[4] = {}, moment[4] = {}, color_rest[4] = {}, moment_rest[4] = {};
    const float2* const at = rows.values + row * PixelRows::kStride + share;
#pragma unroll
    for (int line = 0; line < kLines; ++line) {
      const float2 near = at[line * kSubTileWidth], far = at[line * kSubTileWidth + 4];
      const float2 near_upper = make_float2(upper_part(near.x), upper_part(near.y));
      const float2 far_upper = make_float2(upper_part(far.x), upper_part(far.y));
      const float2 near_lower = make_float2(near.x - near_upper.x, near.y - near_upper.y);
      const float2 far_lower = make_float2(far.x - far_upper.x, far.y - far_upper.y);
      multiply_add(color, near_upper, far_upper, colors[line]);
      multiply_add(moment, near_upper, far_upper, monomials.values[line][lane]);
      multiply_add(color_rest, near_lower, far_lower, colors[line]);
      multiply_add(moment_rest, near_lower, far_lower, monomials.values[line][lane]);
    }
    moment[2] += moment_rest[2];
    moment[3] += moment_rest[3];
    // moment[2], moment[3]: of share 0 the sums of h and h x, of share 1 h y and h xx, of share 2 h xy and h yy.
    const int first_lane = int(lane - share);
    const float h = __shfl_sync(kFullWarp, moment[2], first_lane), h_x = __shfl_sync(kFullWarp, moment[3], first_lane);
    const float h_y = __shfl_sync(kFullWarp, moment[2], first_lane + 1);
    if (row >= count || share == 3) return;
    // From the centre to the distance to the splat's mean.
    const uint32_t place = places[row];
    const float mean_x = splats[place].x - (left + kCenterX), mean_y = splats[place].y - (top + kCenterY);
    const float h_dx = fmaf(mean_x, h, -h_x), h_dy = fmaf(mean_y, h, -h_y);
    float* const values = reinterpret_cast<float*>(&records[place]);  // an InstanceGradient
    values[share] = color[0] + color[1] + (color_rest[0] + color_rest[1]);
    values[3 + 2 * share] = share == 0 ? h : share == 1 ? h_dy : fmaf(mean_x, h_dy, fmaf(-mean_y, h_x, moment[2]));
    values[4 + 2 * share] = share == 0   ? h_dx
                            : share == 1 ? fmaf(mean_x, h_dx - h_x, moment[3])
                                         : fmaf(mean_y, h_dy - h_y, moment[3]);
  }
};

}  // namespace tame::gpu
