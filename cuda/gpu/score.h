// Importance of each Gaussian over some views (Mallick et al. 2024, Taming 3DGS, section 4).
#pragma once

#include "gaussians.h"
#include "transform.h"
#include "views.h"

namespace tame::gpu {

struct ScoreArgs {
  const uint32_t* views;
  uint32_t view_count;
  const float* weights;  // TAME_SCORE_TERMS, host
  int sh_degree;
  const float* background;  // host
  float lambda_dssim;
  const float* gradient_sums;  // density statistics, device
  const uint32_t* visible_steps;
};

// Floats that score() allocates per Gaussian (its terms, without their keys) and per pixel while it runs.
constexpr int kScoreRows = 9, kScoreMaps = 2;

// scores: one per Gaussian, device memory, overwritten. Renders are compared with photos as in a step: transformed.
// Waits.
void score(GpuGaussians& gaussians, GpuViews& views, Transform& transform, const ScoreArgs& args, float* scores);

}  // namespace tame::gpu
