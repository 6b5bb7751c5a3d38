// The contributions of each instance, for the score (Mallick et al. 2024).
#pragma once

#include "lane_sums.cuh"

namespace tame::gpu {

struct ScorePass {
  using Record = InstanceScore;
  struct Rows : PixelRows {
    float pixel_weights[kWarp];
  };
  struct Block {
    __device__ void begin() const {}
  };
  static constexpr int kRound = kReplayRound, kBlocks = kReplayBlocks, kSharedBytes = kReplayBytes;
  static __device__ __forceinline__ float* output(const BlendArgs& a, uint32_t slot, int value) {
    return record_value(a.scores, slot, value);
  }

  struct State {
    float T, pixel_weight;

    __device__ __forceinline__ void begin(const BlendArgs& a, size_t at, const float4& before) {
      T = before.w;
      pixel_weight = a.pixel_weights[at];
    }
    // Blending weight, 0 where nothing is blended, and distance to the splat's mean in pixels.
    __device__ __forceinline__ float2 blend(const BlendArgs&, const Splat&, const Fragment& f) {
      const float alpha = f.touches ? f.alpha : 0.f, weight = alpha * T;
      return make_float2(let_through(alpha, T) ? weight : 0.f, sqrtf(fmaf(f.dx, f.dx, f.dy * f.dy)));
    }
  };

  struct Sum {
    InstanceScore score;
    __device__ __forceinline__ void add(const Rows& rows, uint32_t pixel, const float2& values, const Splat&, float,
                                        float) {
      if (!(values.x > 0.f)) return;
      score.loss += rows.pixel_weights[pixel];
      score.count += 1.f;
      score.blend += values.x;
      score.distance += values.y;
    }
  };
  struct Sums {
    __device__ __forceinline__ void begin(Rows& rows, const State& state) {
      rows.pixel_weights[threadIdx.x % kWarp] = state.pixel_weight;
    }
    __device__ __forceinline__ void add(const Rows& rows, const uint8_t* places, uint32_t count, const Splat* splats,
                                        float left, float top, const Block&, Record* records) const {
      sum_by_lanes<Sum>(rows, places, count, splats, left, top,
                        [&](uint32_t place, const Sum& sum) { records[place] = sum.score; });
    }
  };
};

}  // namespace tame::gpu
