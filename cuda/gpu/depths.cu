// See depths.h.
#include <algorithm>

#include "depths.h"
#include "fragment.cuh"
#include "sum.cuh"

namespace tame::gpu {

namespace {

constexpr int kDepthThreads = 128, kDepthWarps = kDepthThreads / kWarp;
constexpr int kLossSumThreads = 256;

struct DepthArgs {
  BlendArgs blend;
  const DepthTile* tiles;
  const DepthPoint* points;
  uint32_t entries;  // of `tiles`
  float weight;
  uint64_t seed;
  uint32_t iteration;
  double* losses;    // per entry
  float* gradients;  // by slot: d loss / d depth, 0 before; null without a gradient
};

__device__ __forceinline__ float warp_sum(float value) {
  for (int step = kWarp / 2; step > 0; step /= 2) value += __shfl_xor_sync(kFullWarp, value, step);
  return value;
}

// The lane's instance at a pixel. `through` is what is let through before the lanes' instances, and then behind them.
struct LaneFragment {
  Fragment at;
  float before, weight, depth;
  uint32_t slot;

  __device__ __forceinline__ LaneFragment(const BlendArgs& a, uint32_t instance, uint32_t end, float2 pixel,
                                          float& through) {
    const int lane = int(threadIdx.x) % kWarp;
    float left = 1.f;
    slot = 0;
    depth = 0.f;
    at = {};
    if (instance < end) {
      const uint2 both = a.instances[instance];
      const Splat& s = a.splats[both.y];
      slot = both.x;
      depth = s.depth;
      at = fragment(s, pixel.x, pixel.y);
      if (at.touches) left = 1.f - at.alpha;
    }
    for (int step = 1; step < kWarp; step *= 2) {
      const float nearer = __shfl_up_sync(kFullWarp, left, unsigned(step));
      if (lane >= step) left *= nearer;
    }
    const float behind = through * left;
    before = __shfl_up_sync(kFullWarp, behind, 1);
    if (lane == 0) before = through;
    weight = at.touches && behind >= core::kMinTransmittance ? at.alpha * before : 0.f;
    through = __shfl_sync(kFullWarp, behind, kWarp - 1);
  }
};

// A warp per tile: 32 instances at a time. An instance is in one tile, so its gradients have one writer.
__global__ void __launch_bounds__(kDepthThreads) depth_loss_kernel(const __grid_constant__ DepthArgs d) {
  const BlendArgs& a = d.blend;
  if (a.counts->overflow != 0) return;
  const uint32_t entry = blockIdx.x * kDepthWarps + threadIdx.x / kWarp;
  if (entry >= d.entries) return;
  const uint32_t lane = threadIdx.x % kWarp;
  const DepthTile at = d.tiles[entry];
  const DepthPoint point = d.points[core::drawn_depth(at, d.seed, d.iteration)];
  const uint2 range = a.tile_ranges[at.tile];
  const uint32_t last = min(range.y, range.x + a.tile_last[at.tile]);
  const float2 pixel = make_float2(float(int(at.tile) % a.tiles_x * kTile + point.x) + 0.5f,
                                   float(int(at.tile) / a.tiles_x * kTile + point.y) + 0.5f);
  float through = 1.f, weights = 0.f, sum = 0.f;
  for (uint32_t j = range.x; j < last && through >= core::kMinTransmittance; j += kWarp) {
    const LaneFragment f(a, j + lane, last, pixel, through);
    weights += f.weight;
    sum = fmaf(f.weight, f.depth, sum);
  }
  const core::DepthTerm<float> term =
      core::depth_term(warp_sum(weights), warp_sum(sum), point.inverse_depth, d.weight * point.share * float(at.count));
  if (lane == 0) d.losses[entry] = double(term.loss);
  if (d.gradients == nullptr || term.factor == 0.f) return;

  // As the blend's backward pass, for one channel of colour q = factor (depth_i - z): its sum over the pixel is 0.
  float behind = 0.f;
  through = 1.f;
  for (uint32_t j = range.x; j < last && through >= core::kMinTransmittance; j += kWarp) {
    const LaneFragment f(a, j + lane, last, pixel, through);
    const float q = term.factor * (f.depth - term.depth);
    float sums = f.weight * q;
    for (int step = 1; step < kWarp; step *= 2) {
      const float nearer = __shfl_up_sync(kFullWarp, sums, unsigned(step));
      if (lane >= uint32_t(step)) sums += nearer;
    }
    sums += behind;
    behind = __shfl_sync(kFullWarp, sums, kWarp - 1);
    if (!(f.weight > 0.f)) continue;
    const float d_alpha = fmaf(q, f.before, sums / (1.f - f.at.alpha));
    const float h = f.at.raw <= a.gradient_cap ? f.at.raw * d_alpha : 0.f;
    const float along_x = h * f.at.dx, along_y = h * f.at.dy;
    InstanceGradient& out = a.gradients[f.slot];
    out.h += h;
    out.h_dx += along_x;
    out.h_dy += along_y;
    out.h_dxdx += along_x * f.at.dx;
    out.h_dxdy += along_x * f.at.dy;
    out.h_dydy += along_y * f.at.dy;
    d.gradients[f.slot] = term.factor * f.weight;
  }
}

__global__ void __launch_bounds__(kLossSumThreads)
    add_depth_loss_kernel(const double* losses, uint32_t entries, const Counts* counts, double* loss) {
  __shared__ double scratch[kLossSumThreads / kWarp];
  if (counts->overflow != 0) return;
  double sum = 0;
  for (uint32_t entry = threadIdx.x; entry < entries; entry += kLossSumThreads) sum += losses[entry];
  const double total = block_sum(sum, scratch);
  if (threadIdx.x == 0) *loss += total;
}

__global__ void __launch_bounds__(kGaussianThreads) depth_means_kernel(const __grid_constant__ OptimizeArgs a) {
  const ProjectArgs& p = a.projection;
  if (p.counts->overflow != 0) return;
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= p.count) return;
  const uint32_t tiles = p.tile_counts[i], offset = tiles != 0 ? a.offsets[i] : 0;
  float sum = 0.f;
  for (uint32_t k = 0; k < tiles; ++k) sum += a.depth_gradients[offset + k];
  if (sum == 0.f) return;
  for (int k = 0; k < 3; ++k) {
    const float through_depth = p.camera.rotation[6 + k] * sum;
    if (a.gradients_to.base != nullptr)
      a.gradients_to.plane(Layout::means() + k)[i] += through_depth;
    else
      reinterpret_cast<RowGradient&>(p.splats[i]).mean[k] += through_depth;
  }
}

}  // namespace

DepthLoss::DepthLoss(Ledger& ledger, const Stream& stream, Profile& profile)
    : stream_(stream),
      profile_(profile),
      gradients_(ledger, TAME_PURPOSE_INSTANCES),
      losses_(ledger, TAME_PURPOSE_IMAGES) {}

void DepthLoss::reserve(const Rasterizer& rasterizer, const ViewDepths& depths) {
  losses_.reserve(std::max(depths.entries, 1u));
  // The capacity includes its own reserve.
  if (rasterizer.training_capacity() > gradients_.size()) gradients_.assign(rasterizer.training_capacity());
}

void DepthLoss::evaluate(const Rasterizer& rasterizer, const ViewDepths& depths, const tame_step& step, uint64_t seed,
                         double* loss) {
  const bool learns = tame::learns(step);
  const Profile::Clock clock(profile_, TAME_PHASE_LOSS);
  if (learns) check(cudaMemsetAsync(gradients_.data(), 0, gradients_.bytes(), stream_), "clear depth gradients");
  DepthArgs args = {};
  args.blend = rasterizer.blend_args();
  args.tiles = depths.tiles;
  args.points = depths.points;
  args.entries = depths.entries;
  args.weight = step.depth_weight;
  args.seed = seed;
  args.iteration = step.iteration;
  args.losses = losses_.data();
  args.gradients = learns ? gradients_.data() : nullptr;
  // At least one block: a step's kernels are the same for each view.
  depth_loss_kernel<<<std::max(blocks_for(depths.entries, kDepthWarps), 1u), kDepthThreads, 0, stream_>>>(args);
  check_launch("launch depth_loss_kernel");
  add_depth_loss_kernel<<<1, kLossSumThreads, 0, stream_>>>(losses_.data(), depths.entries, rasterizer.counts(), loss);
  check_launch("launch add_depth_loss_kernel");
}

void add_depth_gradients(const OptimizeArgs& args, const Stream& stream) {
  depth_means_kernel<<<blocks_for(args.projection.count, kGaussianThreads), kGaussianThreads, 0, stream>>>(args);
  check_launch("launch depth_means_kernel");
}

}  // namespace tame::gpu
