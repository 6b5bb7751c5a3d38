// The derivative of alpha blending, from the forward's checkpoints.
#pragma once

#include "replay.cuh"

namespace tame::gpu {

// With g = d loss / d colour, C the colour in front of a splat, q = rgb . g and w = alpha T:
//   d loss / d alpha = q T + (S + w q) / (1 - alpha),   S = (C - C_final) . g - T_final (background . g - d_alpha);
// S grows by w q with each splat, so one number per pixel replaces the colour behind the splat.
struct BackwardPass {
  using Record = InstanceGradient;
  using Pixels = float[3][kWarp];  // g
  static constexpr int kBlocks = kReplayBlocks, kSharedBytes = kReplayBytes;
  static __device__ __forceinline__ float* output(const BlendArgs& a, uint32_t slot, int value) {
    return record_value(a.gradients, slot, value);
  }

  struct State {
    float T, S, g[3];

    __device__ __forceinline__ void begin(const BlendArgs& a, size_t at, const float4& before, Pixels& pixels,
                                          int lane) {
      const size_t plane = size_t(a.width) * size_t(a.height);
      const float so_far[3] = {before.x, before.y, before.z};
      T = before.w;
      S = a.d_alpha != nullptr ? a.transmittance[at] * a.d_alpha[at] : 0.f;
      for (int c = 0; c < 3; ++c) {
        pixels[c][lane] = g[c] = a.d_image[size_t(c) * plane + at];
        S = fmaf(so_far[c] - a.image[size_t(c) * plane + at], g[c], S);
      }
    }
    // Weight, and d loss / d log(alpha): 0 where alpha is clamped, because it is then constant.
    __device__ __forceinline__ float2 blend(const BlendArgs& a, const Splat& s, const Fragment& f, bool taken) {
      const float alpha = taken ? f.alpha : 0.f;
      const float q = fmaf(s.rgb[0], g[0], fmaf(s.rgb[1], g[1], s.rgb[2] * g[2]));
      const float weight = alpha * T, left = 1.f - alpha;
      S = fmaf(weight, q, S);
      const float h = f.raw * fmaf(q, T, S * reciprocal_approximate(left));
      T *= left;
      return make_float2(weight, taken && f.raw <= a.gradient_cap ? h : 0.f);
    }
  };

  struct Sum {
    float rgb[3], h, h_x, h_xx;
    __device__ __forceinline__ void add(int column, const float2& values, const Pixels& g, int pixel, const Splat&,
                                        float, float) {
      for (int c = 0; c < 3; ++c) rgb[c] = fmaf(values.x, g[c][pixel], rgb[c]);
      const float along = float(column) * values.y;
      h += values.y;
      h_x += along;
      h_xx = fmaf(float(column), along, h_xx);
    }
    // From columns to the distance to the splat's mean; all pixels of the share are in one row.
    __device__ __forceinline__ Record finish(const Splat& s, float left, float y) const {
      const float from_left = s.x - left, dy = s.y - y;
      Record r;
      for (int c = 0; c < 3; ++c) r.rgb[c] = rgb[c];
      r.h = h;
      r.h_dx = fmaf(from_left, h, -h_x);
      r.h_dy = dy * h;
      r.h_dxdx = fmaf(from_left, fmaf(from_left, h, -2.f * h_x), h_xx);
      r.h_dxdy = dy * r.h_dx;
      r.h_dydy = dy * r.h_dy;
      return r;
    }
  };
};

// The same with the sums over fragments.
struct FragmentPass {
  struct Record {
    InstanceGradient gradient;
    FragmentSums fragments;
  };
  using Pixels = BackwardPass::Pixels;
  using State = BackwardPass::State;
  static constexpr int kBlocks = kFragmentBlocks, kSharedBytes = kFragmentBytes;
  static __device__ __forceinline__ float* output(const BlendArgs& a, uint32_t slot, int value) {
    constexpr int kFirst = int(sizeof(InstanceGradient) / sizeof(float));
    return value < kFirst ? record_value(a.gradients, slot, value) : record_value(a.fragments, slot, value - kFirst);
  }

  struct Sum {
    BackwardPass::Sum gradient;
    FragmentSums fragments;
    __device__ __forceinline__ void add(int column, const float2& values, const Pixels& g, int pixel, const Splat& s,
                                        float left, float y) {
      gradient.add(column, values, g, pixel, s, left, y);
      const float dx = s.x - (left + float(column)), dy = s.y - y, h = values.y;
      fragments.count += values.x > 0.f ? 1.f : 0.f;
      fragments.weight += values.x;
      fragments.absolute_x += fabsf(fmaf(2.f * s.a, dx, s.b * dy) * h);
      fragments.absolute_y += fabsf(fmaf(2.f * s.c, dy, s.b * dx) * h);
      fragments.h_square = fmaf(h, h, fragments.h_square);
    }
    __device__ __forceinline__ Record finish(const Splat& s, float left, float y) const {
      Record r = {gradient.finish(s, left, y), fragments};
      r.fragments.absolute_x *= kLog2;  // exponents are of 2
      r.fragments.absolute_y *= kLog2;
      return r;
    }
  };
};

}  // namespace tame::gpu
