// The contributions of each instance, for the score (Mallick et al. 2024).
#pragma once

#include "replay.cuh"

namespace tame::gpu {

struct ScorePass {
  using Record = InstanceScore;
  using Pixels = float[1][kWarp];  // the pixel's weight
  static constexpr int kBlocks = kReplayBlocks, kSharedBytes = kReplayBytes;
  static __device__ __forceinline__ float* output(const BlendArgs& a, uint32_t slot, int value) {
    return record_value(a.scores, slot, value);
  }

  struct State {
    float T;

    __device__ __forceinline__ void begin(const BlendArgs& a, size_t at, const float4& before, Pixels& weights,
                                          int lane) {
      T = before.w;
      weights[0][lane] = a.pixel_weights[at];
    }
    // Blending weight, 0 where nothing is blended, and distance to the splat's mean in pixels.
    __device__ __forceinline__ float2 blend(const BlendArgs&, const Splat&, const Fragment& f, bool taken) {
      const float alpha = taken ? f.alpha : 0.f, weight = alpha * T;
      T *= 1.f - alpha;
      return make_float2(weight, sqrtf(fmaf(f.dx, f.dx, f.dy * f.dy)));
    }
  };

  struct Sum {
    InstanceScore score;
    __device__ __forceinline__ void add(int, const float2& values, const Pixels& weights, int pixel, const Splat&,
                                        float, float) {
      if (!(values.x > 0.f)) return;
      score.loss += weights[0][pixel];
      score.count += 1.f;
      score.blend += values.x;
      score.distance += values.y;
    }
    __device__ __forceinline__ Record finish(const Splat&, float, float) const { return score; }
  };
};

}  // namespace tame::gpu
