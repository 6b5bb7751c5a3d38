// Importance of each Gaussian over some views (Mallick et al. 2024, Taming 3DGS, section 4).
#pragma once

#include "gaussians.h"
#include "views.h"

namespace tame::cpu {

struct ScoreArgs {
  const uint32_t* views;
  uint32_t view_count;
  const float* weights;  // TAME_SCORE_TERMS
  int sh_degree;
  const float* background;
  float lambda_dssim;
  const float* mean_gradients;  // one a Gaussian
};

// scores: one a Gaussian, overwritten.
void score(CpuGaussians& gaussians, const CpuViews& views, const ScoreArgs& args, float* scores);

}  // namespace tame::cpu
