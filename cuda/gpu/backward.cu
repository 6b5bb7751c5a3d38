// The backward pass, top to bottom: from the image's gradient to each instance, and from the instances of a Gaussian to
// its parameters.
#include <limits>

#include "adam.cuh"
#include "blend_backward.cuh"
#include "blend_score.cuh"
#include "depths.h"
#include "rasterizer.h"

namespace tame::gpu {

void Rasterizer::backward(const float* d_image, const float* d_alpha, bool pass_clamped, bool fragments) {
  const Profile::Clock clock(profile_, TAME_PHASE_BLEND_BACKWARD);
  blend_.d_image = d_image;
  blend_.d_alpha = d_alpha;
  blend_.fragments = fragments ? fragments_.data() : nullptr;
  blend_.gradient_cap = pass_clamped ? std::numeric_limits<float>::infinity() : core::kMaxAlpha;
  // As many segments as the capacity allows; those beyond the real number return at once.
  const auto kernel = blend_.fragments != nullptr ? replay_kernel<FragmentPass> : replay_kernel<BackwardPass>;
  kernel<<<most_segments(), kTilePixels, 0, stream_>>>(blend_);
  check_launch("launch replay_kernel<BackwardPass>");
}

namespace {

__global__ void sum_scores_kernel(ProjectArgs p, const uint32_t* offsets, const InstanceScore* scores,
                                  Rasterizer::Contributions out) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= p.count) return;
  InstanceScore sum = {};
  for (uint32_t k = 0; k < p.tile_counts[i]; ++k) {
    const InstanceScore s = scores[offsets[i] + k];
    sum.loss += s.loss;
    sum.count += s.count;
    sum.blend += s.blend;
    sum.distance += s.distance;
  }
  out.loss[i] = sum.loss;
  out.count[i] = sum.count;
  out.blend[i] = sum.blend;
  out.distance[i] = sum.distance;
  out.radius[i] = p.radii[i];
  out.depth[i] = p.radii[i] > 0.f ? p.splats[i].depth : 0.f;
}

}  // namespace

void Rasterizer::score_instances(const float* pixel_weights) {
  blend_.pixel_weights = pixel_weights;
  blend_.scores = reinterpret_cast<InstanceScore*>(gradients_.data());
  replay_kernel<ScorePass><<<most_segments(), kTilePixels, 0, stream_>>>(blend_);
  check_launch("launch replay_kernel<ScorePass>");
}

void Rasterizer::contributions(const float* pixel_weights, const Contributions& out) {
  if (projection_.count == 0) return;
  const Profile::Clock clock(profile_, TAME_PHASE_SCORE);
  score_instances(pixel_weights);
  sum_scores_kernel<<<blocks_for(projection_.count, kGaussianThreads), kGaussianThreads, 0, stream_>>>(
      projection_, offsets_.data(), blend_.scores, out);
  check_launch("launch sum_scores_kernel");
}

namespace {

// One thread per Gaussian, one row of blocks per plane.
__global__ void add_gradients_kernel(const __grid_constant__ GradientSum sum, uint32_t count, const Counts* counts) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count || counts->overflow != 0) return;
  const int plane = int(blockIdx.y);
  sum.to.plane(plane)[i] = core::summed_gradients<float>(sum, plane, [i](const float* from) { return from[i]; });
}

}  // namespace

void Rasterizer::add_gradients(const GradientSum& sum) {
  const dim3 grid(blocks_for(projection_.count, kGaussianThreads), uint32_t(sum.planes));
  if (grid.x == 0) return;
  const Profile::Clock clock(profile_, TAME_PHASE_OPTIMIZE);
  add_gradients_kernel<<<grid, kGaussianThreads, 0, stream_>>>(sum, projection_.count, counts_.data());
  check_launch("launch add_gradients_kernel");
}

OptimizeArgs Rasterizer::optimize_args() const {
  OptimizeArgs args = {};
  args.projection = projection_;
  args.offsets = offsets_.data();
  args.gradients = blend_.gradients;
  args.fragments = blend_.fragments;
  return args;
}

void Rasterizer::optimize(const OptimizeArgs& args) {
  const uint32_t blocks = blocks_for(args.projection.count, kGaussianThreads);
  if (blocks == 0) return;
  const Profile::Clock clock(profile_, TAME_PHASE_OPTIMIZE);
  if (args.gradients_to.base != nullptr) {
    gradients_kernel<true><<<blocks, kGaussianThreads, 0, stream_>>>(args);
    check_launch("launch gradients_kernel");
    if (args.depth_gradients != nullptr) add_depth_gradients(args, stream_);
    return;
  }
  if (args.gradients_from.base != nullptr) {
    adam_from_planes_kernel<<<blocks, kGaussianThreads, 0, stream_>>>(args);
    return check_launch("launch adam_from_planes_kernel");
  }
  gradients_kernel<false><<<blocks, kGaussianThreads, 0, stream_>>>(args);
  check_launch("launch gradients_kernel");
  if (args.depth_gradients != nullptr) add_depth_gradients(args, stream_);
  const TrainingArgs& t = args.training;
  const bool plain = t.row_steps == nullptr && t.smallest_scales == nullptr && !t.step.has_terms();
  const auto kernel = plain ? adam_kernel<Form::kPlain> : adam_kernel<Form::kAll>;
  kernel<<<blocks, kGaussianThreads, 0, stream_>>>(args);
  check_launch("launch adam_kernel");
}

}  // namespace tame::gpu
