// The derivative of alpha blending, from the forward's checkpoints.
#pragma once

#include "replay.cuh"

namespace tame::gpu {

// With g = d loss / d colour, C the colour in front of a splat, q = rgb . g and w = alpha T:
//   d loss / d alpha = q T + (S + w q) / (1 - alpha),   S = (C - C_final) . g - T_final (background . g - d_alpha);
// S grows by w q with each splat, so one number a pixel stands for the colour behind.
struct BackwardPass {
  using Record = InstanceGradient;
  using Pixels = float[3][kWarp];  // g
  static __device__ Record* output(const BlendArgs& a) { return a.gradients; }

  struct State {
    float T, S;

    __device__ __forceinline__ void begin(const BlendArgs& a, size_t at, const float4& before, Pixels& g, int lane) {
      const size_t plane = size_t(a.width) * size_t(a.height);
      const float so_far[3] = {before.x, before.y, before.z};
      T = before.w;
      S = a.d_alpha != nullptr ? a.transmittance[at] * a.d_alpha[at] : 0.f;
      for (int c = 0; c < 3; ++c) {
        g[c][lane] = a.d_image[size_t(c) * plane + at];
        S = fmaf(so_far[c] - a.image[size_t(c) * plane + at], g[c][lane], S);
      }
    }
    // Weight, and d loss / d log(alpha): 0 where the cap holds, because alpha then does not move with the splat.
    __device__ __forceinline__ float2 blend(const BlendArgs& a, const Splat& s, const Fragment& f, bool taken,
                                            const Pixels& g, int lane) {
      const float alpha = taken ? f.alpha : 0.f;
      const float q = fmaf(s.rgb[0], g[0][lane], fmaf(s.rgb[1], g[1][lane], s.rgb[2] * g[2][lane]));
      const float weight = alpha * T, left = 1.f - alpha;
      S = fmaf(weight, q, S);
      const float h = taken && f.raw <= a.gradient_cap ? f.raw * fmaf(q, T, __fdividef(S, left)) : 0.f;
      T *= left;
      return make_float2(weight, h);
    }
  };

  struct Sum {
    float rgb[3], h, h_x, h_xx;
    __device__ __forceinline__ void add(int column, const float2& values, const Pixels& g, int pixel) {
      for (int c = 0; c < 3; ++c) rgb[c] = fmaf(values.x, g[c][pixel], rgb[c]);
      const float along = float(column) * values.y;
      h += values.y;
      h_x += along;
      h_xx = fmaf(float(column), along, h_xx);
    }
    // From columns to the distance to the splat's mean; all pixels of the share lie on one line.
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

}  // namespace tame::gpu
