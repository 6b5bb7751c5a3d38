// See score.h. A term's values are divided by the lower median of its positive ones; a view's sum of terms is weighted
// by its loss, over the Gaussians visible in it.
#include <algorithm>

#include "../core/activations.h"
#include "../core/edges.h"
#include "score.h"
#include "sort.h"

namespace tame::gpu {

namespace {

constexpr uint32_t kThreads = 256;

// Rows of one value per Gaussian.
enum Row { kLoss, kCount, kBlend, kDistance, kDepth, kRadius, kGradient, kOpacity, kScale, kRows };
static_assert(kRows == kScoreRows);
constexpr uint32_t kWeights[kRows] = {TAME_SCORE_LOSS,     TAME_SCORE_COUNT,   TAME_SCORE_BLEND,
                                      TAME_SCORE_DISTANCE, TAME_SCORE_DEPTH,   TAME_SCORE_RADIUS,
                                      TAME_SCORE_GRADIENT, TAME_SCORE_OPACITY, TAME_SCORE_SCALE};

struct Table {
  float* base;
  uint32_t count;
  __host__ __device__ float* row(int r) const { return base + size_t(r) * count; }
};

// Smallest and largest of two planes of non-negative floats, whose bits have the same order.
struct Ranges {
  uint32_t low[2], high[2];
};

__global__ void own_terms_kernel(Planes p, Layout layout, Table t, const float* gradient_sums,
                                 const uint32_t* visible_steps, float* scores) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= t.count) return;
  t.row(kGradient)[i] = visible_steps[i] == 0 ? 0.f : gradient_sums[i] / float(visible_steps[i]);
  t.row(kOpacity)[i] = core::used_opacity(layout.linear_opacity, p.plane(layout.opacity())[i]);
  float volume = 1.f;
  for (int k = 0; k < 3; ++k) volume *= core::exp(p.plane(layout.log_scales() + k)[i]);
  t.row(kScale)[i] = volume;
  scores[i] = 0.f;
}

__global__ void pixel_maps_kernel(const float* image, Photo photo, int width, int height, float* error, float* edge,
                                  Ranges* ranges) {
  const size_t i = size_t(blockIdx.x) * blockDim.x + threadIdx.x, pixels = size_t(width) * size_t(height);
  float value[2] = {0.f, 0.f};
  const bool inside = i < pixels && core::is_kept(photo, i);
  if (inside) {
    for (int c = 0; c < 3; ++c) value[0] += fabsf(image[size_t(c) * pixels + i] - core::photo_value(photo, i, c));
    value[0] /= 3.f;
    value[1] = core::edge(photo, width, height, int(i % size_t(width)), int(i / size_t(width)));
    error[i] = value[0];
    edge[i] = value[1];
  }
  for (int k = 0; k < 2; ++k) {
    const uint32_t bits = __float_as_uint(value[k]);
    const uint32_t low = __reduce_min_sync(kFullWarp, inside ? bits : 0xffffffffu);
    const uint32_t high = __reduce_max_sync(kFullWarp, inside ? bits : 0u);
    if (threadIdx.x % kWarp != 0) continue;
    atomicMin(&ranges->low[k], low);
    atomicMax(&ranges->high[k], high);
  }
}

__device__ float stretched(float value, const Ranges& ranges, int k) {
  const float low = __uint_as_float(ranges.low[k]), high = __uint_as_float(ranges.high[k]);
  return high > low ? (value - low) * (1.f / (high - low)) : 0.f;
}

__global__ void pixel_weights_kernel(Photo photo, size_t pixels, float error_weight, float edge_weight,
                                     const Ranges* ranges, const float* edge, float* error_to_weights) {
  const size_t i = size_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= pixels) return;
  error_to_weights[i] = core::is_kept(photo, i) ? error_weight * stretched(error_to_weights[i], *ranges, 0) +
                                                      edge_weight * stretched(edge[i], *ranges, 1)
                                                : 0.f;
}

// Values that count: positive and finite.
__device__ bool counts(float value) {
  return value > 0.f && value < INFINITY;
}

// Bits of the values that count, which have the order of the values; 0 for the others.
__global__ void keys_kernel(const float* values, uint32_t count, uint32_t* keys) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) keys[i] = counts(values[i]) ? __float_as_uint(values[i]) : 0u;
}

// One thread: weight / lower median of the positive keys; 0 if there are none.
__global__ void factor_kernel(const uint32_t* sorted, uint32_t count, float weight, float* factor) {
  uint32_t low = 0, high = count;  // the first positive key is in [low, high]
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (sorted[middle] == 0)
      low = middle + 1;
    else
      high = middle;
  }
  *factor = low == count ? 0.f : weight / __uint_as_float(sorted[low + (count - low - 1) / 2]);
}

__global__ void add_view_kernel(Table t, const float* factors, const double* loss, float view_weight, float* scores) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= t.count || !(t.row(kRadius)[i] > 0.f)) return;
  float sum = 0.f;
  for (int r = 0; r < kRows; ++r)
    if (counts(t.row(r)[i])) sum += factors[r] * t.row(r)[i];
  scores[i] += view_weight * float(*loss) * sum;
}

}  // namespace

void score(GpuGaussians& gaussians, GpuViews& views, Transform& transform, const ScoreArgs& args, float* scores) {
  GpuDevice& device = gaussians.device();
  Ledger& ledger = device.ledger();
  Rasterizer& rasterizer = device.rasterizer();
  const cudaStream_t stream = device.stream();
  const uint32_t count = gaussians.count();
  if (count == 0) return;
  const uint32_t blocks = blocks_for(count, kThreads);

  DeviceBuffer<float> values(ledger, TAME_PURPOSE_OTHER, size_t(count) * kRows);
  DeviceBuffer<uint32_t> keys(ledger, TAME_PURPOSE_OTHER, 2 * size_t(count));
  DeviceBuffer<uint8_t> scratch(ledger, TAME_PURPOSE_OTHER, sort_scratch_bytes(count));
  DeviceBuffer<float> factors(ledger, TAME_PURPOSE_OTHER, kRows);
  DeviceBuffer<double> loss(ledger, TAME_PURPOSE_OTHER, 1);
  DeviceBuffer<Ranges> ranges(ledger, TAME_PURPOSE_OTHER, 1);
  DeviceBuffer<float> maps(ledger, TAME_PURPOSE_IMAGES);
  const Table table = {values.data(), count};
  const auto normalise = [&](int r) {
    uint32_t* const buffers[2] = {keys.data(), keys.data() + count};
    keys_kernel<<<blocks, kThreads, 0, stream>>>(table.row(r), count, buffers[0]);
    const int sorted = sort_keys(scratch.data(), scratch.bytes(), buffers, count, stream);
    factor_kernel<<<1, 1, 0, stream>>>(buffers[sorted], count, args.weights[kWeights[r]], factors.data() + r);
    check_launch("launch factor_kernel");
  };
  own_terms_kernel<<<blocks, kThreads, 0, stream>>>(gaussians.planes(), gaussians.layout(), table, args.gradient_sums,
                                                    args.visible_steps, scores);
  check_launch("launch own_terms_kernel");
  for (const int r : {kGradient, kOpacity, kScale}) normalise(r);

  for (uint32_t v = 0; v < args.view_count; ++v) {
    const tame_camera& camera = views.camera(args.views[v]);
    const size_t pixels = size_t(camera.width) * camera.height;
    RasterInput input = {gaussians.planes(), gaussians.layout(), count, args.sh_degree, core::camera_from(camera), {}};
    std::copy(args.background, args.background + 3, input.background);
    rasterizer.forward_and_wait(input, false, true);
    device.loss().reserve(camera.width, camera.height, false);
    transform.reserve(camera.width, camera.height);
    const Photo photo = views.acquire(args.views[v], args.background);
    const float* image =
        transform.forward(args.views[v], camera.width, camera.height, rasterizer.image(), photo, rasterizer.counts());
    device.loss().evaluate(camera.width, camera.height, args.lambda_dssim, image, photo, false, loss.data(),
                           rasterizer.counts());

    maps.reserve(kScoreMaps * pixels);
    float *const error = maps.data(), *const edge = maps.data() + pixels;
    check(cudaMemsetAsync(ranges.data()->low, 0xff, sizeof Ranges::low, stream), "clear ranges");
    check(cudaMemsetAsync(ranges.data()->high, 0, sizeof Ranges::high, stream), "clear ranges");
    pixel_maps_kernel<<<blocks_for(pixels, kThreads), kThreads, 0, stream>>>(
        image, photo, int(camera.width), int(camera.height), error, edge, ranges.data());
    check_launch("launch pixel_maps_kernel");
    pixel_weights_kernel<<<blocks_for(pixels, kThreads), kThreads, 0, stream>>>(
        photo, pixels, args.weights[TAME_SCORE_ERROR], args.weights[TAME_SCORE_EDGE], ranges.data(), edge, error);
    check_launch("launch pixel_weights_kernel");
    views.release(v + 1 < args.view_count ? args.views[v + 1] : TAME_NO_VIEW);
    rasterizer.contributions(error, {table.row(kLoss), table.row(kCount), table.row(kBlend), table.row(kDistance),
                                     table.row(kRadius), table.row(kDepth)});
    for (int r = kLoss; r <= kRadius; ++r) normalise(r);
    add_view_kernel<<<blocks, kThreads, 0, stream>>>(table, factors.data(), loss.data(), args.weights[TAME_SCORE_VIEW],
                                                     scores);
    check_launch("launch add_view_kernel");
  }
  device.stream().wait();
}

}  // namespace tame::gpu
