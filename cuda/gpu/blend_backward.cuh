// The derivative of alpha blending, from the forward's checkpoints.
#pragma once

#include "lane_sums.cuh"
#include "matrix_sums.cuh"

namespace tame::gpu {

// With g = d loss / d colour, C the colour in front of a splat, q = rgb . g and w = alpha T:
//   d loss / d alpha = q T + (S + w q) / (1 - alpha),   S = (C - C_final) . g - T_final (background . g - d_alpha);
// S grows by w q with each splat, so one number per pixel replaces the colour behind the splat.
struct BackwardPass {
  using Record = InstanceGradient;
  using Rows = PixelRows;
  using Block = Monomials;
  using Sums = GradientSums;
  static constexpr int kRound = kReplayRound, kBlocks = kReplayBlocks, kSharedBytes = kReplayBytes;
  static __device__ __forceinline__ float* output(const BlendArgs& a, uint32_t slot, int value) {
    return record_value(a.gradients, slot, value);
  }

  struct State {
    float T, S, g[3];

    __device__ __forceinline__ void begin(const BlendArgs& a, size_t at, const float4& before) {
      const size_t plane = size_t(a.width) * size_t(a.height);
      const float so_far[3] = {before.x, before.y, before.z};
      T = before.w;
      S = a.d_alpha != nullptr ? a.transmittance[at] * a.d_alpha[at] : 0.f;
      for (int c = 0; c < 3; ++c) {
        g[c] = a.d_image[size_t(c) * plane + at];
        S = fmaf(so_far[c] - a.image[size_t(c) * plane + at], g[c], S);
      }
    }
    // Weight, and d loss / d log(alpha): 0 where alpha is clamped, because it is then constant.
    __device__ __forceinline__ float2 blend(const BlendArgs& a, const Splat& s, const Fragment& f) {
      const float raw = f.touches ? f.raw : 0.f, alpha = fminf(raw, core::kMaxAlpha), before = T;
      const bool taken = let_through(alpha, T);
      const float weight = taken ? alpha * before : 0.f;
      const float q = fmaf(s.rgb[0], g[0], fmaf(s.rgb[1], g[1], s.rgb[2] * g[2]));
      S = fmaf(weight, q, S);
      const float h = raw * fmaf(q, before, S * reciprocal_approximate(1.f - alpha));
      return make_float2(weight, taken && raw <= a.gradient_cap ? h : 0.f);
    }
  };
};

// The same with the sums over fragments.
struct FragmentPass {
  struct Record {
    InstanceGradient gradient;
    FragmentSums fragments;
  };
  using Rows = PixelRows;
  using Block = Monomials;
  using State = BackwardPass::State;
  static constexpr int kRound = kWarp, kBlocks = kFragmentBlocks, kSharedBytes = kFragmentBytes;
  static __device__ __forceinline__ float* output(const BlendArgs& a, uint32_t slot, int value) {
    constexpr int kFirst = int(sizeof(InstanceGradient) / sizeof(float));
    return value < kFirst ? record_value(a.gradients, slot, value) : record_value(a.fragments, slot, value - kFirst);
  }

  struct Sum {
    FragmentSums sums;
    __device__ __forceinline__ void add(const Rows&, uint32_t, const float2& values, const Splat& s, float x, float y) {
      const float dx = s.x - x, dy = s.y - y, h = values.y;
      sums.count += values.x > 0.f ? 1.f : 0.f;
      sums.weight += values.x;
      sums.absolute_x += fabsf(fmaf(2.f * s.a, dx, s.b * dy) * h);
      sums.absolute_y += fabsf(fmaf(2.f * s.c, dy, s.b * dx) * h);
      sums.h_square = fmaf(h, h, sums.h_square);
    }
  };
  struct Sums : GradientSums {
    __device__ __forceinline__ void add(const Rows& rows, const uint8_t* places, uint32_t count, const Splat* splats,
                                        float left, float top, const Block& monomials, Record* records) const {
      GradientSums::add(rows, places, count, splats, left, top, monomials, records);
      sum_by_lanes<Sum>(rows, places, count, splats, left, top, [&](uint32_t place, const Sum& sum) {
        FragmentSums& fragments = records[place].fragments;
        fragments = sum.sums;
        fragments.absolute_x *= kLog2;  // exponents are of 2
        fragments.absolute_y *= kLog2;
      });
    }
  };
};

}  // namespace tame::gpu
