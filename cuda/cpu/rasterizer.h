// The rasteriser of one camera at a time: project, sort by depth, bin by tile, blend, and the backward pass. Keeps its
// scratch between calls; a device has one for rendering and training.
#pragma once

#include <cstdint>

#include "../abi/threads.h"
#include "../tame.h"
#include "kernels.h"
#include "memory.h"
#include "profile.h"

namespace tame::cpu {

// Image planes with rows padded to whole tiles; the padding is zero until something is written there.
struct PlaneShape {
  uint32_t width = 0, height = 0;
  size_t row = 0, plane = 0;
  static PlaneShape of(uint32_t width, uint32_t height);
};

class Rasterizer {
  struct BlockCount {
    uint64_t instances;
    uint32_t visible;
    uint32_t nearest, farthest;  // smallest and largest depth of the visible ones, as bits
  };

 public:
  Rasterizer(Ledger& ledger, Threads& threads, const Kernels& kernels, Profile& profile);

  struct Input {
    Planes parameters;
    Layout layout;
    uint32_t count;
    int active_degree;
    tame_camera camera;
    float background[3];
  };

  // Fills image(), transmittance() and, with with_depth, depth_sums().
  void forward(const Input& input, bool with_depth);
  // (tile, splat) pairs of a view.
  uint64_t count_instances(const Input& input);
  // Instance gradients of the last forward pass from d_image (3 planes) and d_alpha (1 plane or null). pass_clamped: as
  // if alpha were not clamped. fragments: with sums over the fragments of each instance.
  void backward(const float* d_image, const float* d_alpha, bool pass_clamped = false, bool fragments = false);
  // Sums each Gaussian's contributions to the last forward pass; pixel_weights: 1 plane. Arrays of count() each.
  void contributions(const float* pixel_weights, float* loss, float* counts, float* blend, float* distance);
  // Arguments for Kernels::optimize after the last backward pass; the caller fills in the rest.
  OptimizeArgs optimize_args() const;
  // Runs Kernels::optimize over all Gaussians.
  void optimize(const OptimizeArgs& args);
  // Adds gradients of all Gaussians.
  void add_gradients(const GradientSum& sum);

  // Interleaved float or byte image, alpha and depth of the last forward pass.
  void read(const struct ReadTarget& target) const;

  const PlaneShape& shape() const { return shape_; }
  float* image() { return image_.data(); }
  const float* radii() const { return radii_.data(); }
  // Camera z of a visible Gaussian, 0 of any other.
  float depth(uint32_t i) const { return radii_[i] > 0.f ? splats_[i].depth : 0.f; }
  uint32_t count() const { return projection_.count; }
  // Arguments of the last forward and, if it followed, backward pass.
  const BlendArgs& blend_args() const { return blend_; }
  uint32_t instances() const { return instances_; }

 private:
  void begin(const Input& input);
  void project();
  void sort_by_depth();
  void bin_by_tile();
  void blend(const Input& input, bool with_depth);
  void score_instances(const float* pixel_weights);
  void count_pairs();

  Threads& threads_;
  const Kernels& kernels_;
  Profile& profile_;
  ProjectArgs projection_ = {};
  BlendArgs blend_ = {};
  PlaneShape shape_;
  uint32_t tiles_ = 0, visible_ = 0, instances_ = 0;
  uint32_t nearest_ = 0, depth_range_ = 0;  // bits of the smallest depth, and the largest one's minus these
  const uint32_t* by_depth_ = nullptr;      // visible Gaussians, near to far

  // Per Gaussian.
  Buffer<Splat> splats_;
  Buffer<float> radii_;
  Buffer<TileRectangle> tile_rectangles_;
  Buffer<uint8_t> clamped_, first_tiles_;
  Buffer<uint32_t> tile_counts_, offsets_, sort_keys_, sort_keys_other_, sort_order_, sort_order_other_;
  Buffer<BlockCount> block_counts_;  // of each kGaussianBlock
  // Per instance.
  Buffer<uint32_t> instance_tiles_, order_, slots_;
  Buffer<uint32_t> vectors_;
  Buffer<InstanceGradient> gradients_;
  Buffer<FragmentSums> fragments_;
  Buffer<InstanceScore> scores_;
  // Per tile, and per (thread, tile or digit).
  Buffer<uint32_t> tile_starts_, tile_last_, tile_evaluated_, histograms_;
  // Per pixel.
  Buffer<float> image_, transmittance_, depth_sums_;
};

// Each may be null.
struct ReadTarget {
  float* image;
  uint8_t* bytes;
  uint32_t byte_channels;  // 3 or 4
  float* alpha;
  float* depth;
};

}  // namespace tame::cpu
