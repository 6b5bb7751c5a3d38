// See rasterizer.h.
#include "rasterizer.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../core/tiles.h"

namespace tame::cpu {

namespace {

// Most bits of a depth per sorting pass: the histogram fits the L1 cache, and two passes are enough if the largest
// depth is at most about 200 times the smallest.
constexpr uint32_t kDigitBits = 13;
constexpr uint32_t kSortChunk = 4096;  // fewer per thread cost more to distribute than to sort

uint8_t to_byte(float value) {
  return uint8_t(std::min(std::max(255.f * value + 0.5f, 0.f), 255.f));
}

uint32_t float_bits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

}  // namespace

PlaneShape PlaneShape::of(uint32_t width, uint32_t height) {
  PlaneShape shape;
  shape.width = width;
  shape.height = height;
  shape.row = round_up(width, kRowPadding);
  shape.plane = shape.row * height;
  return shape;
}

Rasterizer::Rasterizer(Ledger& ledger, Threads& threads, const Kernels& kernels, Profile& profile)
    : threads_(threads),
      kernels_(kernels),
      profile_(profile),
      splats_(ledger, TAME_PURPOSE_SPLATS),
      radii_(ledger, TAME_PURPOSE_SPLATS),
      tile_rectangles_(ledger, TAME_PURPOSE_SPLATS),
      clamped_(ledger, TAME_PURPOSE_SPLATS),
      first_tiles_(ledger, TAME_PURPOSE_SPLATS),
      tile_counts_(ledger, TAME_PURPOSE_SPLATS),
      offsets_(ledger, TAME_PURPOSE_SPLATS),
      sort_keys_(ledger, TAME_PURPOSE_SPLATS),
      sort_keys_other_(ledger, TAME_PURPOSE_SPLATS),
      sort_order_(ledger, TAME_PURPOSE_SPLATS),
      sort_order_other_(ledger, TAME_PURPOSE_SPLATS),
      block_counts_(ledger, TAME_PURPOSE_SPLATS),
      instance_tiles_(ledger, TAME_PURPOSE_INSTANCES),
      order_(ledger, TAME_PURPOSE_INSTANCES),
      slots_(ledger, TAME_PURPOSE_INSTANCES),
      vectors_(ledger, TAME_PURPOSE_INSTANCES),
      gradients_(ledger, TAME_PURPOSE_INSTANCES),
      fragments_(ledger, TAME_PURPOSE_INSTANCES),
      scores_(ledger, TAME_PURPOSE_INSTANCES),
      tile_starts_(ledger, TAME_PURPOSE_IMAGES),
      tile_last_(ledger, TAME_PURPOSE_IMAGES),
      tile_evaluated_(ledger, TAME_PURPOSE_IMAGES),
      histograms_(ledger, TAME_PURPOSE_IMAGES),
      image_(ledger, TAME_PURPOSE_IMAGES),
      transmittance_(ledger, TAME_PURPOSE_IMAGES),
      depth_sums_(ledger, TAME_PURPOSE_IMAGES) {}

void Rasterizer::begin(const Input& input) {
  shape_ = PlaneShape::of(input.camera.width, input.camera.height);
  const uint32_t tiles_x = round_up(shape_.width, core::kTile) / core::kTile;
  const uint32_t tiles_y = round_up(shape_.height, core::kTile) / core::kTile;
  tiles_ = tiles_x * tiles_y;
  projection_ = {};
  projection_.parameters = input.parameters;
  projection_.layout = input.layout;
  projection_.count = input.count;
  projection_.active_degree = input.active_degree;
  projection_.camera = input.camera;
  projection_.tiles_x = int(tiles_x);
  projection_.tiles_y = int(tiles_y);
  project();
}

uint64_t Rasterizer::count_instances(const Input& input) {
  begin(input);
  return instances_;
}

void Rasterizer::forward(const Input& input, bool with_depth) {
  begin(input);
  {
    const Profile::Clock clock(profile_, TAME_PHASE_BIN);
    sort_by_depth();
    bin_by_tile();
  }
  blend(input, with_depth);
  if (profile_.on()) count_pairs();
}

void Rasterizer::blend(const Input& input, bool with_depth) {
  const Profile::Clock clock(profile_, TAME_PHASE_BLEND);
  image_.reserve(3 * shape_.plane);
  transmittance_.reserve(shape_.plane);
  if (with_depth) depth_sums_.reserve(shape_.plane);
  blend_ = {};
  blend_.splats = splats_.data();
  blend_.tile_starts = tile_starts_.data();
  blend_.order = order_.data();
  blend_.slots = slots_.data();
  blend_.vectors = vectors_.data();
  blend_.width = int(shape_.width);
  blend_.height = int(shape_.height);
  blend_.tiles_x = projection_.tiles_x;
  blend_.row = shape_.row;
  blend_.plane = shape_.plane;
  std::copy(input.background, input.background + 3, blend_.background);
  blend_.image = image_.data();
  blend_.transmittance = transmittance_.data();
  blend_.depth = with_depth ? depth_sums_.data() : nullptr;
  blend_.tile_last = tile_last_.data();
  blend_.tile_evaluated = tile_evaluated_.data();
  threads_.run(tiles_, [this](uint32_t tile, uint32_t) { kernels_.blend(blend_, tile); });
}

void Rasterizer::project() {
  const Profile::Clock clock(profile_, TAME_PHASE_PROJECT);
  const uint32_t count = projection_.count;
  splats_.reserve(count);
  radii_.reserve(count);
  clamped_.reserve(count);
  tile_rectangles_.reserve(count);
  first_tiles_.reserve(count);
  tile_counts_.reserve(count);
  offsets_.reserve(count);
  sort_keys_.reserve(count);
  sort_order_.reserve(count);
  projection_.splats = splats_.data();
  projection_.radii = radii_.data();
  projection_.clamped = clamped_.data();
  projection_.tile_rectangles = tile_rectangles_.data();
  projection_.first_tiles = first_tiles_.data();
  projection_.tile_counts = tile_counts_.data();
  projection_.offsets = offsets_.data();
  const uint32_t blocks = (count + kGaussianBlock - 1) / kGaussianBlock;
  block_counts_.reserve(blocks);
  threads_.run(blocks, [&](uint32_t block, uint32_t) {
    const uint32_t first = block * kGaussianBlock, last = std::min(count, first + kGaussianBlock);
    kernels_.project(projection_, first, last);
    BlockCount sum = {};
    for (uint32_t i = first; i < last; ++i) {
      sum.instances += tile_counts_[i];
      if (tile_counts_[i] == 0) continue;
      const uint32_t depth = float_bits(splats_[i].depth);  // positive, so the bits order as the values do
      sum.nearest = sum.visible == 0 ? depth : std::min(sum.nearest, depth);
      sum.farthest = std::max(sum.farthest, depth);
      ++sum.visible;
    }
    block_counts_[block] = sum;
  });

  uint64_t instances = 0;
  visible_ = 0;
  uint32_t farthest = 0;
  nearest_ = UINT32_MAX;
  for (uint32_t block = 0; block < blocks; ++block) {
    const BlockCount sum = block_counts_[block];
    block_counts_[block] = {instances, visible_, 0, 0};
    instances += sum.instances;
    visible_ += sum.visible;
    if (sum.visible == 0) continue;
    nearest_ = std::min(nearest_, sum.nearest);
    farthest = std::max(farthest, sum.farthest);
  }
  depth_range_ = visible_ == 0 ? 0 : farthest - nearest_;
  if (instances > UINT32_MAX)
    fail(TAME_OUT_OF_MEMORY, "The splats reach %llu tiles in all, more than 4 294 967 295: lower the resolution",
         static_cast<unsigned long long>(instances));
  instances_ = uint32_t(instances);
  instance_tiles_.reserve(instances_);
  projection_.instance_tiles = instance_tiles_.data();
  threads_.run(blocks, [&](uint32_t block, uint32_t) {
    const uint32_t first = block * kGaussianBlock, last = std::min(count, first + kGaussianBlock);
    uint32_t offset = uint32_t(block_counts_[block].instances), place = block_counts_[block].visible;
    for (uint32_t i = first; i < last; ++i) {
      offsets_[i] = offset;
      if (tile_counts_[i] == 0) continue;
      offset += tile_counts_[i];
      sort_keys_[place] = float_bits(splats_[i].depth) - nearest_;
      sort_order_[place++] = i;
    }
    kernels_.write_tiles(projection_, first, last);
  });
}

// Stable radix sort: equal depths keep the order of the Gaussians. Chunks count and scatter independently; the result
// is the same for any number of chunks.
void Rasterizer::sort_by_depth() {
  sort_keys_other_.reserve(visible_);
  sort_order_other_.reserve(visible_);
  const uint32_t chunks = std::max(1u, std::min(threads_.size(), visible_ / kSortChunk));
  const auto chunk_first = [&](uint32_t chunk) { return uint32_t(uint64_t(visible_) * chunk / chunks); };
  uint32_t bits = 0;
  while (bits < 32 && depth_range_ >> bits != 0) ++bits;
  const uint32_t passes = (bits + kDigitBits - 1) / kDigitBits,
                 pass_bits = passes == 0 ? 0 : (bits + passes - 1) / passes;
  const uint32_t digits = 1u << pass_bits;
  histograms_.reserve(size_t(chunks) * std::max(digits, tiles_));
  uint32_t *keys = sort_keys_.data(), *order = sort_order_.data();
  uint32_t *next_keys = sort_keys_other_.data(), *next_order = sort_order_other_.data();
  for (uint32_t pass = 0; pass < passes; ++pass) {
    const uint32_t shift = pass * pass_bits;
    threads_.run(chunks, [&](uint32_t chunk, uint32_t) {
      uint32_t* histogram = histograms_.data() + size_t(chunk) * digits;
      std::fill(histogram, histogram + digits, 0u);
      for (uint32_t j = chunk_first(chunk); j < chunk_first(chunk + 1); ++j)
        ++histogram[keys[j] >> shift & (digits - 1)];
    });
    uint32_t sum = 0;
    for (uint32_t digit = 0; digit < digits; ++digit)
      for (uint32_t chunk = 0; chunk < chunks; ++chunk)
        sum += std::exchange(histograms_[size_t(chunk) * digits + digit], sum);
    threads_.run(chunks, [&](uint32_t chunk, uint32_t) {
      uint32_t* place = histograms_.data() + size_t(chunk) * digits;
      for (uint32_t j = chunk_first(chunk); j < chunk_first(chunk + 1); ++j) {
        const uint32_t to = place[keys[j] >> shift & (digits - 1)]++;
        next_keys[to] = keys[j];
        next_order[to] = order[j];
      }
    });
    std::swap(keys, next_keys);
    std::swap(order, next_order);
  }
  by_depth_ = order;
}

// Sorts instances by tile and, within a tile, by depth: Gaussians are processed in depth order.
void Rasterizer::bin_by_tile() {
  order_.reserve(instances_);
  slots_.reserve(instances_);
  vectors_.reserve(instances_);
  tile_starts_.reserve(size_t(tiles_) + 1);
  tile_last_.reserve(tiles_);
  tile_evaluated_.reserve(tiles_);
  const uint32_t chunks = std::max(1u, std::min(threads_.size(), visible_ / kSortChunk));
  const auto chunk_first = [&](uint32_t chunk) { return uint32_t(uint64_t(visible_) * chunk / chunks); };
  threads_.run(chunks, [&](uint32_t chunk, uint32_t) {
    uint32_t* histogram = histograms_.data() + size_t(chunk) * tiles_;
    std::fill(histogram, histogram + tiles_, 0u);
    for (uint32_t j = chunk_first(chunk); j < chunk_first(chunk + 1); ++j) {
      const uint32_t i = by_depth_[j];
      const uint32_t* tile = instance_tiles_.data() + offsets_[i];
      for (uint32_t k = 0; k < tile_counts_[i]; ++k) ++histogram[tile[k]];
    }
  });
  uint32_t sum = 0;
  for (uint32_t tile = 0; tile < tiles_; ++tile) {
    tile_starts_[tile] = sum;
    for (uint32_t chunk = 0; chunk < chunks; ++chunk)
      sum += std::exchange(histograms_[size_t(chunk) * tiles_ + tile], sum);
  }
  tile_starts_[tiles_] = sum;
  threads_.run(chunks, [&](uint32_t chunk, uint32_t) {
    uint32_t* place = histograms_.data() + size_t(chunk) * tiles_;
    for (uint32_t j = chunk_first(chunk); j < chunk_first(chunk + 1); ++j) {
      const uint32_t i = by_depth_[j];
      for (uint32_t k = 0; k < tile_counts_[i]; ++k) {
        const uint32_t slot = offsets_[i] + k, to = place[instance_tiles_[slot]]++;
        order_[to] = i;
        slots_[to] = slot;
      }
    }
  });
}

void Rasterizer::backward(const float* d_image, const float* d_alpha, bool pass_clamped, bool fragments) {
  const Profile::Clock clock(profile_, TAME_PHASE_BLEND_BACKWARD);
  gradients_.reserve(instances_);
  if (fragments) fragments_.reserve(instances_);
  blend_.gradient_cap = pass_clamped ? std::numeric_limits<float>::infinity() : core::kMaxAlpha;
  blend_.d_image = d_image;
  blend_.d_alpha = d_alpha;
  blend_.gradients = gradients_.data();
  blend_.fragments = fragments ? fragments_.data() : nullptr;
  threads_.run(tiles_, [this](uint32_t tile, uint32_t) { kernels_.blend_backward(blend_, tile); });
}

void Rasterizer::score_instances(const float* pixel_weights) {
  scores_.reserve(instances_);
  blend_.pixel_weights = pixel_weights;
  blend_.scores = scores_.data();
  threads_.run(tiles_, [this](uint32_t tile, uint32_t) { kernels_.blend_score(blend_, tile); });
}

// Counts the pairs of the last forward pass, for the profile.
void Rasterizer::count_pairs() {
  tame_profile& totals = profile_.totals;
  totals.passes += 1;
  totals.pixels += uint64_t(shape_.width) * shape_.height;
  totals.gaussians += projection_.count;
  for (uint32_t i = 0; i < projection_.count; ++i) totals.visible += radii_[i] > 0.f;
  totals.instances += instances_;
  for (uint32_t tile = 0; tile < tiles_; ++tile) totals.evaluated += tile_evaluated_[tile];
  score_instances(transmittance_.data());  // any weights: only the pixels of each instance are counted
  for (uint32_t i = 0; i < instances_; ++i) totals.blended += uint64_t(scores_[i].count);
}

void Rasterizer::contributions(const float* pixel_weights, float* loss, float* counts, float* blend, float* distance) {
  const Profile::Clock clock(profile_, TAME_PHASE_SCORE);
  score_instances(pixel_weights);
  const uint32_t count = projection_.count;
  threads_.run((count + kGaussianBlock - 1) / kGaussianBlock, [&](uint32_t block, uint32_t) {
    for (uint32_t i = block * kGaussianBlock; i < std::min(count, (block + 1) * kGaussianBlock); ++i) {
      InstanceScore sum = {};
      for (uint32_t k = 0; k < tile_counts_[i]; ++k) {
        const InstanceScore& s = scores_[offsets_[i] + k];
        sum.loss += s.loss;
        sum.count += s.count;
        sum.blend += s.blend;
        sum.distance += s.distance;
      }
      loss[i] = sum.loss;
      counts[i] = sum.count;
      blend[i] = sum.blend;
      distance[i] = sum.distance;
    }
  });
}

OptimizeArgs Rasterizer::optimize_args() const {
  OptimizeArgs args = {};
  args.projection = projection_;
  args.gradients = blend_.gradients;
  args.fragments = blend_.fragments;
  return args;
}

void Rasterizer::optimize(const OptimizeArgs& args) {
  const Profile::Clock clock(profile_, TAME_PHASE_OPTIMIZE);
  const uint32_t count = projection_.count;
  threads_.run((count + kGaussianBlock - 1) / kGaussianBlock, [&](uint32_t block, uint32_t) {
    const uint32_t first = block * kGaussianBlock;
    kernels_.optimize(args, first, std::min(count, first + kGaussianBlock));
  });
}

void Rasterizer::add_gradients(const GradientSum& sum) {
  const Profile::Clock clock(profile_, TAME_PHASE_OPTIMIZE);
  const uint32_t count = projection_.count;
  threads_.run((count + kGaussianBlock - 1) / kGaussianBlock, [&](uint32_t block, uint32_t) {
    const uint32_t first = block * kGaussianBlock;
    kernels_.add_gradients(sum, first, std::min(count, first + kGaussianBlock));
  });
}

void Rasterizer::read(const ReadTarget& target) const {
  threads_.run(shape_.height, [&](uint32_t y, uint32_t) {
    const size_t from = size_t(y) * shape_.row, to = size_t(y) * shape_.width;
    for (uint32_t x = 0; x < shape_.width; ++x) {
      for (uint32_t c = 0; c < 3; ++c) {
        const float value = image_[c * shape_.plane + from + x];
        if (target.image != nullptr) target.image[3 * (to + x) + c] = value;
        if (target.bytes != nullptr) target.bytes[target.byte_channels * (to + x) + c] = to_byte(value);
      }
      const float alpha = 1.f - transmittance_[from + x];
      if (target.bytes != nullptr && target.byte_channels == 4) target.bytes[4 * (to + x) + 3] = to_byte(alpha);
      if (target.alpha != nullptr) target.alpha[to + x] = alpha;
      // The weights alpha T add up to 1 - T_final.
      if (target.depth != nullptr) target.depth[to + x] = depth_sums_[from + x] / std::max(alpha, 1e-6f);
    }
  });
}

}  // namespace tame::cpu
