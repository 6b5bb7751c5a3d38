// See transform.h.
#include <algorithm>

#include "sum.cuh"
#include "transform.h"

namespace tame::gpu {

namespace {

constexpr uint32_t kThreads = 256;

struct StepViews {
  uint32_t view[kMostViewsPerStep];
};

// One thread per pixel, one row of blocks per channel.
__global__ void gain_kernel(ViewGains gains, uint32_t view, size_t plane, const float* image, float* out,
                            const Counts* counts) {
  const size_t i = size_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= plane || counts->overflow != 0) return;
  const size_t at = size_t(blockIdx.y) * plane + i;
  out[at] = core::gain_of(gains, view, blockIdx.y) * image[at];
}

__global__ void gain_gradient_kernel(ViewGains gains, uint32_t view, size_t plane, const float* out, float* gradient,
                                     double* sums, const Counts* counts) {
  if (counts->overflow != 0) return;
  __shared__ double scratch[kThreads / kWarp];
  const size_t i = size_t(blockIdx.x) * blockDim.x + threadIdx.x, at = size_t(blockIdx.y) * plane + i;
  double share = 0;
  if (i < plane) {
    const float g = gradient[at];
    share = double(g) * double(out[at]);
    gradient[at] = core::gain_of(gains, view, blockIdx.y) * g;
  }
  share = block_sum(share, scratch);
  if (threadIdx.x == 0) sums[size_t(blockIdx.y) * gridDim.x + blockIdx.x] = share;
}

// One block per channel: adds the blocks' sums in a fixed order.
__global__ void sum_gain_gradient_kernel(const double* sums, uint32_t blocks, double* gradient, const Counts* counts) {
  if (counts->overflow != 0) return;
  __shared__ double scratch[kThreads / kWarp];
  double sum = 0;
  for (uint32_t b = threadIdx.x; b < blocks; b += kThreads) sum += sums[size_t(blockIdx.x) * blocks + b];
  sum = block_sum(sum, scratch);
  if (threadIdx.x == 0) gradient[blockIdx.x] = sum;
}

// One thread per place in the step.
__global__ void step_gains_kernel(ViewGains gains, GainStep step, StepViews views, uint32_t n, const double* gradients,
                                  const Counts* counts) {
  if (threadIdx.x >= n || counts->overflow != 0) return;
  core::step_gains(gains, step, views.view, n, threadIdx.x, gradients);
}

}  // namespace

Transform::Transform(Ledger& ledger, const Stream& stream, Profile& profile, const ViewGains& gains)
    : stream_(stream),
      profile_(profile),
      gains_(gains),
      image_(ledger, TAME_PURPOSE_IMAGES),
      sums_(ledger, TAME_PURPOSE_IMAGES),
      gradients_(ledger, TAME_PURPOSE_OTHER) {}

void Transform::reserve(uint32_t width, uint32_t height) {
  if (gains_.gains == nullptr) return;
  const size_t plane = size_t(width) * height;
  image_.reserve(3 * plane);
  sums_.reserve(3 * size_t(blocks_for(plane, kThreads)));
  gradients_.reserve(kMostViewsPerStep * kTransformParameters);
}

const float* Transform::forward(uint32_t view, uint32_t width, uint32_t height, const float* image,
                                const Counts* counts) {
  if (gains_.gains == nullptr) return image;
  const Profile::Clock clock(profile_, TAME_PHASE_LOSS);
  view_ = view;
  plane_ = size_t(width) * height;
  counts_ = counts;
  const dim3 grid(blocks_for(plane_, kThreads), 3);
  gain_kernel<<<grid, kThreads, 0, stream_>>>(gains_, view, plane_, image, image_.data(), counts);
  check_launch("launch gain_kernel");
  return image_.data();
}

void Transform::backward(uint32_t place, float* gradient) {
  if (gains_.gains == nullptr) return;
  const Profile::Clock clock(profile_, TAME_PHASE_LOSS);
  const dim3 grid(blocks_for(plane_, kThreads), 3);
  gain_gradient_kernel<<<grid, kThreads, 0, stream_>>>(gains_, view_, plane_, image_.data(), gradient, sums_.data(),
                                                       counts_);
  check_launch("launch gain_gradient_kernel");
  sum_gain_gradient_kernel<<<3, kThreads, 0, stream_>>>(
      sums_.data(), grid.x, gradients_.data() + kTransformParameters * size_t(place), counts_);
  check_launch("launch sum_gain_gradient_kernel");
}

void Transform::step(const GainStep& step, const uint32_t* views, uint32_t n, const Counts* counts) {
  const Profile::Clock clock(profile_, TAME_PHASE_LOSS);
  StepViews list = {};
  std::copy(views, views + n, list.view);
  step_gains_kernel<<<1, kMostViewsPerStep, 0, stream_>>>(gains_, step, list, n, gradients_.data(), counts);
  check_launch("launch step_gains_kernel");
}

}  // namespace tame::gpu
