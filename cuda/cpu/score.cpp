// See score.h. A term's values are divided by the lower median of its positive ones; a view's sum of terms is weighted
// by its loss, over the Gaussians visible in it.
#include "score.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../core/activations.h"
#include "../core/edges.h"

namespace tame::cpu {

namespace {

// Normalises the values of the pixels that count to 0 .. 1, and sets the others to 0; a constant plane becomes 0.
void stretch(const PlaneShape& shape, const Photo& photo, float* plane) {
  float low = std::numeric_limits<float>::infinity(), high = -low;
  for (uint32_t y = 0; y < shape.height; ++y)
    for (uint32_t x = 0; x < shape.width; ++x) {
      if (!core::is_kept(photo, size_t(y) * shape.width + x)) continue;
      low = std::min(low, plane[y * shape.row + x]);
      high = std::max(high, plane[y * shape.row + x]);
    }
  const float scale = high > low ? 1.f / (high - low) : 0.f;
  for (uint32_t y = 0; y < shape.height; ++y)
    for (uint32_t x = 0; x < shape.width; ++x) {
      float& value = plane[y * shape.row + x];
      value = core::is_kept(photo, size_t(y) * shape.width + x) ? (value - low) * scale : 0.f;
    }
}

void absolute_error(const PlaneShape& shape, const float* image, const Photo& photo, float* plane) {
  for (uint32_t y = 0; y < shape.height; ++y)
    for (uint32_t x = 0; x < shape.width; ++x) {
      float sum = 0;
      for (int c = 0; c < 3; ++c)
        sum += std::fabs(image[size_t(c) * shape.plane + y * shape.row + x] -
                         core::photo_value(photo, size_t(y) * shape.width + x, c));
      plane[y * shape.row + x] = sum / 3.f;
    }
}

void edges(const PlaneShape& shape, const Photo& photo, float* plane) {
  for (uint32_t y = 0; y < shape.height; ++y)
    for (uint32_t x = 0; x < shape.width; ++x)
      plane[y * shape.row + x] = core::edge(photo, int(shape.width), int(shape.height), int(x), int(y));
}

// Values that count: positive and finite.
bool counts(float value) {
  return value > 0 && value < std::numeric_limits<float>::infinity();
}

// Lower median of the values that count; 0 if there are none.
float positive_median(const float* values, uint32_t count, float* scratch) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < count; ++i)
    if (counts(values[i])) scratch[n++] = values[i];
  if (n == 0) return 0;
  float* middle = scratch + (n - 1) / 2;
  std::nth_element(scratch, middle, scratch + n);
  return *middle;
}

}  // namespace

void score(CpuGaussians& gaussians, const CpuViews& views, Transform& transform, const ScoreArgs& args, float* scores) {
  CpuDevice& device = gaussians.device();
  Rasterizer& rasterizer = device.rasterizer();
  const uint32_t count = gaussians.count();
  const Planes p = gaussians.planes();
  const Layout& layout = gaussians.layout();

  // Rows of one value per Gaussian.
  enum Row { kLoss, kCount, kBlend, kDistance, kDepth, kRadius, kGradient, kOpacity, kScale, kSorted, kRows };
  static_assert(kRows == kScoreRows);
  constexpr uint32_t kWeights[kSorted] = {TAME_SCORE_LOSS,     TAME_SCORE_COUNT,   TAME_SCORE_BLEND,
                                          TAME_SCORE_DISTANCE, TAME_SCORE_DEPTH,   TAME_SCORE_RADIUS,
                                          TAME_SCORE_GRADIENT, TAME_SCORE_OPACITY, TAME_SCORE_SCALE};
  Buffer<float> table(device.ledger(), TAME_PURPOSE_OTHER, size_t(count) * kRows);
  const auto row = [&](int r) { return table.data() + size_t(r) * count; };
  float factors[kSorted] = {};  // weight / median
  const auto normalise = [&](int r) {
    const float median = positive_median(row(r), count, row(kSorted));
    factors[r] = median > 0 ? args.weights[kWeights[r]] / median : 0.f;
  };
  for (uint32_t i = 0; i < count; ++i) {
    row(kGradient)[i] = args.mean_gradients[i];
    row(kOpacity)[i] = core::used_opacity(layout.linear_opacity, p.plane(layout.opacity())[i]);
    float volume = 1;
    for (int k = 0; k < 3; ++k) volume *= core::exp(p.plane(layout.log_scales() + k)[i]);
    row(kScale)[i] = volume;
    scores[i] = 0;
  }
  for (const int r : {kGradient, kOpacity, kScale}) normalise(r);

  for (uint32_t v = 0; v < args.view_count; ++v) {
    const CpuViews::View& view = views.view(args.views[v]);
    Rasterizer::Input input;
    input.parameters = p;
    input.layout = layout;
    input.count = count;
    input.active_degree = args.sh_degree;
    input.camera = view.camera;
    std::copy(args.background, args.background + 3, input.background);
    rasterizer.forward(input, false);
    const PlaneShape& shape = rasterizer.shape();
    const Photo photo = view.photo(args.background);
    const float* image = transform.forward(args.views[v], shape, rasterizer.image(), photo);
    const float loss = float(device.loss().evaluate(shape, args.lambda_dssim, image, photo, false));
    Buffer<float> weights(device.ledger(), TAME_PURPOSE_IMAGES, kScoreMaps * shape.plane);
    weights.zero();
    float *const error = weights.data(), *const edge = error + shape.plane;
    absolute_error(shape, image, photo, error);
    edges(shape, photo, edge);
    stretch(shape, photo, error);
    stretch(shape, photo, edge);
    for (size_t i = 0; i < shape.plane; ++i)
      error[i] = args.weights[TAME_SCORE_ERROR] * error[i] + args.weights[TAME_SCORE_EDGE] * edge[i];
    rasterizer.contributions(error, row(kLoss), row(kCount), row(kBlend), row(kDistance));
    for (uint32_t i = 0; i < count; ++i) {
      row(kRadius)[i] = rasterizer.radii()[i];
      row(kDepth)[i] = rasterizer.depth(i);
    }
    for (int r = kLoss; r <= kRadius; ++r) normalise(r);
    for (uint32_t i = 0; i < count; ++i) {
      if (!(row(kRadius)[i] > 0)) continue;
      float sum = 0;
      for (int r = 0; r < kSorted; ++r)
        if (counts(row(r)[i])) sum += factors[r] * row(r)[i];
      scores[i] += args.weights[TAME_SCORE_VIEW] * loss * sum;
    }
  }
}

}  // namespace tame::cpu
