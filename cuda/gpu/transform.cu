// See transform.h.
#include <algorithm>

#include "sum.cuh"
#include "transform.h"

namespace tame::gpu {

namespace {

constexpr uint32_t kThreads = 256;
// Blocks of the gradient kernel, each of which ends with a sum in double for each parameter.
constexpr uint32_t kMostBlocks = 1024;

struct StepViews {
  uint32_t view[kMostViewsPerStep];
};

uint32_t gradient_blocks(size_t plane) {
  return std::min(blocks_for(plane, kThreads), kMostBlocks);
}

// One thread per pixel.
__global__ void transform_kernel(ViewTransforms transforms, uint32_t view, size_t plane, const float* image,
                                 Photo photo, float* out, const Counts* counts) {
  const size_t i = size_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= plane || counts->overflow != 0) return;
  const ColorTransform transform = core::color_transform(transforms, view);
  const float color[3] = {image[i], image[i + plane], image[i + 2 * plane]};
  for (uint32_t c = 0; c < 3; ++c) {
    const float value = core::transformed(transform, c, color);
    out[c * plane + i] =
        core::in_range(value) ? value : core::clamped_to_saturation(value, core::photo_byte(photo, i, int(c)));
  }
}

// Each thread takes every (gridDim * blockDim)th pixel.
template <uint32_t kParameters>
__global__ void transform_gradient_kernel(ViewTransforms transforms, uint32_t view, size_t plane, const float* image,
                                          Photo photo, float* gradient, double* sums, const Counts* counts) {
  if (counts->overflow != 0) return;
  __shared__ double scratch[kThreads / kWarp];
  const ColorTransform transform = core::color_transform(transforms, view);
  double shares[kParameters] = {};
  for (size_t i = size_t(blockIdx.x) * blockDim.x + threadIdx.x; i < plane; i += size_t(gridDim.x) * blockDim.x) {
    const float color[3] = {image[i], image[i + plane], image[i + 2 * plane]};
    float own[3];
    for (uint32_t c = 0; c < 3; ++c) {
      const float value = core::transformed(transform, c, color);
      const bool beyond = !core::in_range(value) && core::beyond_saturation(value, core::photo_byte(photo, i, int(c)));
      own[c] = beyond ? 0.f : gradient[c * plane + i];
    }
#pragma unroll
    for (uint32_t k = 0; k < kParameters; ++k) {
      const core::ParameterPlace place = core::parameter_place(transform, kParameters, k);
      shares[k] += core::parameter_gradient(place, place.column == 3 ? 1.f : color[place.column], own[place.row]);
    }
    for (uint32_t c = 0; c < 3; ++c) gradient[c * plane + i] = core::color_gradient(transform, c, own);
  }
#pragma unroll
  for (uint32_t k = 0; k < kParameters; ++k) {
    const double sum = block_sum(shares[k], scratch);
    if (threadIdx.x == 0) sums[size_t(k) * gridDim.x + blockIdx.x] = sum;
  }
}

// One block per parameter: adds the blocks' sums in a fixed order.
__global__ void sum_gradient_kernel(const double* sums, uint32_t blocks, double* gradient, const Counts* counts) {
  if (counts->overflow != 0) return;
  __shared__ double scratch[kThreads / kWarp];
  double sum = 0;
  for (uint32_t b = threadIdx.x; b < blocks; b += kThreads) sum += sums[size_t(blockIdx.x) * blocks + b];
  sum = block_sum(sum, scratch);
  if (threadIdx.x == 0) gradient[blockIdx.x] = sum;
}

// One thread per place in the step.
__global__ void step_transform_kernel(ViewTransforms transforms, TransformStep step, StepViews views, uint32_t n,
                                      const double* gradients, const Counts* counts) {
  if (threadIdx.x >= n || counts->overflow != 0) return;
  core::step_transform(transforms, step, views.view, n, threadIdx.x, gradients);
}

// One block per parameter: subtracts its mean over all views.
__global__ void centre_kernel(ViewTransforms transforms, const Counts* counts) {
  if (counts->overflow != 0) return;
  __shared__ double scratch[kThreads / kWarp];
  __shared__ double mean;
  float* const values = transforms.values + size_t(blockIdx.x) * transforms.views;
  double sum = 0;
  for (uint32_t view = threadIdx.x; view < transforms.views; view += kThreads) sum += double(values[view]);
  sum = block_sum(sum, scratch);
  if (threadIdx.x == 0) mean = sum / transforms.views;
  __syncthreads();
  for (uint32_t view = threadIdx.x; view < transforms.views; view += kThreads)
    values[view] = float(double(values[view]) - mean);
}

}  // namespace

Transform::Transform(Ledger& ledger, const Stream& stream, Profile& profile, const ViewTransforms& transforms)
    : stream_(stream),
      profile_(profile),
      transforms_(transforms),
      transformed_(ledger, TAME_PURPOSE_IMAGES),
      sums_(ledger, TAME_PURPOSE_IMAGES),
      gradients_(ledger, TAME_PURPOSE_OTHER) {}

void Transform::reserve(uint32_t width, uint32_t height) {
  if (none()) return;
  const size_t plane = size_t(width) * height;
  transformed_.reserve(3 * plane);
  sums_.reserve(transforms_.parameters * size_t(gradient_blocks(plane)));
  gradients_.reserve(kMostViewsPerStep * size_t(transforms_.parameters));
}

const float* Transform::forward(uint32_t view, uint32_t width, uint32_t height, const float* image, const Photo& photo,
                                const Counts* counts) {
  if (none()) return image;
  const Profile::Clock clock(profile_, TAME_PHASE_LOSS);
  view_ = view;
  plane_ = size_t(width) * height;
  image_ = image;
  photo_ = photo;
  counts_ = counts;
  transform_kernel<<<blocks_for(plane_, kThreads), kThreads, 0, stream_>>>(transforms_, view, plane_, image, photo,
                                                                           transformed_.data(), counts);
  check_launch("launch transform_kernel");
  return transformed_.data();
}

void Transform::backward(uint32_t place, float* gradient) {
  if (none()) return;
  const Profile::Clock clock(profile_, TAME_PHASE_LOSS);
  const uint32_t blocks = gradient_blocks(plane_), parameters = transforms_.parameters;
  const auto kernel = parameters == kGainParameters ? transform_gradient_kernel<kGainParameters>
                                                    : transform_gradient_kernel<kAffineParameters>;
  kernel<<<blocks, kThreads, 0, stream_>>>(transforms_, view_, plane_, image_, photo_, gradient, sums_.data(), counts_);
  check_launch("launch transform_gradient_kernel");
  sum_gradient_kernel<<<parameters, kThreads, 0, stream_>>>(sums_.data(), blocks,
                                                            gradients_.data() + size_t(parameters) * place, counts_);
  check_launch("launch sum_gradient_kernel");
}

void Transform::step(const TransformStep& step, const uint32_t* views, uint32_t n, const Counts* counts) {
  const Profile::Clock clock(profile_, TAME_PHASE_LOSS);
  StepViews list = {};
  std::copy(views, views + n, list.view);
  step_transform_kernel<<<1, kMostViewsPerStep, 0, stream_>>>(transforms_, step, list, n, gradients_.data(), counts);
  check_launch("launch step_transform_kernel");
  centre_kernel<<<transforms_.parameters, kThreads, 0, stream_>>>(transforms_, counts);
  check_launch("launch centre_kernel");
}

}  // namespace tame::gpu
