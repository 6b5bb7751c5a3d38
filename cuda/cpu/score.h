// Importance of each Gaussian over some views (Mallick et al. 2024, Taming 3DGS, section 4).
#pragma once

#include "gaussians.h"
#include "transform.h"
#include "views.h"

namespace tame::cpu {

struct ScoreArgs {
  const uint32_t* views;
  uint32_t view_count;
  const float* weights;  // TAME_SCORE_TERMS
  int sh_degree;
  const float* background;
  float lambda_dssim;
  const float* mean_gradients;  // one per Gaussian
};

// Floats that score() allocates per Gaussian (nine terms, and one for sorting) and per pixel while it runs.
constexpr int kScoreRows = 10, kScoreMaps = 2;

// scores: one per Gaussian, overwritten. Renders are compared with photos as in a step: transformed.
void score(CpuGaussians& gaussians, const CpuViews& views, Transform& transform, const ScoreArgs& args, float* scores);

}  // namespace tame::cpu
