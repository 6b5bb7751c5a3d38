// The rasteriser of one camera at a time. Keeps its scratch between calls; a device has one for rendering and training.
// Nothing here waits for the device unless documented.
#pragma once

#include <cstdint>

#include "kernels.h"
#include "profile.h"
#include "runtime.h"

namespace tame::gpu {

struct RasterInput {
  Planes parameters;  // device memory
  Layout layout;
  uint32_t count;
  int active_degree;
  core::Camera<float> camera;
  float background[3];
};

class Rasterizer {
 public:
  Rasterizer(Ledger& ledger, const Stream& stream, Profile& profile);

  // Grows the buffers for `input` with the current capacity of instances; waits if it allocates. with_fragments: for a
  // backward pass with sums over fragments.
  void prepare(const RasterInput& input, bool with_depth, bool with_backward, bool with_fragments = false);
  // Enqueues one forward pass (forward.cu). Call prepare first.
  void forward();
  // Enqueues the backward pass of the last forward pass (backward.cu): d_image is 3 planes, d_alpha a plane or null.
  // pass_clamped: as if alpha were not clamped. fragments: with sums over the fragments of each instance; prepare with
  // with_fragments.
  void backward(const float* d_image, const float* d_alpha, bool pass_clamped = false, bool fragments = false);
  // Sums of each Gaussian's contributions to the last forward pass, prepared with_backward; pixel_weights: 1 plane.
  // Arrays of count() each, in device memory.
  struct Contributions {
    float *loss, *count, *blend, *distance, *radius, *depth;
  };
  void contributions(const float* pixel_weights, const Contributions& out);
  // Arguments of optimize() after the last backward pass; the caller fills in the rest.
  OptimizeArgs optimize_args() const;
  void optimize(const OptimizeArgs& args);
  // Enqueues a sum of gradients of all Gaussians.
  void add_gradients(const GradientSum& sum);

  // (tile, splat) pairs of a view. Waits.
  uint64_t count_instances(const RasterInput& input);

  // Waits. True if the last forward pass exceeded the capacity: this raises it and clears the flag, and the caller
  // repeats the pass.
  bool grew_after_overflow();
  // Prepares and runs a forward pass, repeated until the capacity is large enough. Waits.
  void forward_and_wait(const RasterInput& input, bool with_depth, bool with_backward);

  // Arguments of the last forward and, if it followed, backward pass.
  const BlendArgs& blend_args() const { return blend_; }
  // Instances that training has memory for.
  uint32_t training_capacity() const { return instance_capacities_[1]; }
  const Counts* counts() const { return counts_.data(); }
  const float* image() const { return image_.data(); }
  const float* transmittance() const { return transmittance_.data(); }
  const float* depth_sums() const { return depth_sums_.data(); }
  const float* radii() const { return radii_.data(); }

 private:
  void grow_buffers(const RasterInput& input, bool with_depth, bool with_backward, bool with_fragments);
  void project();
  void bin_by_tile();
  void score_instances(const float* pixel_weights);
  void count_pairs();
  BinArgs bin_args();
  size_t tallies() const { return 1 + size_t(tiles_) + blocks_for(projection_.count, kGaussianThreads); }

  const Stream& stream_;
  Profile& profile_;
  ProjectArgs projection_ = {};
  BlendArgs blend_ = {};
  uint32_t tiles_ = 0;
  // Capacity of instances: one for rendering, one for training ([1]), which needs more bytes per instance, so that one
  // large render does not enlarge the buffers of training.
  uint32_t instance_capacities_[2] = {};
  bool with_backward_ = false;
  // Most segments of a view within the capacity: whole ones, and a last one for each tile.
  uint32_t most_segments() { return instance_capacity() / kSegment + tiles_; }
  uint32_t& instance_capacity() { return instance_capacities_[with_backward_ ? 1 : 0]; }

  DeviceBuffer<Counts> counts_;
  // Per Gaussian.
  DeviceBuffer<Splat> splats_;
  DeviceBuffer<float> radii_;
  DeviceBuffer<TileRectangle> tile_rectangles_;
  DeviceBuffer<uint32_t> tile_counts_, tile_masks_, offsets_, large_;
  DeviceBuffer<uint32_t> tallies_;  // see ProjectArgs: large, tiles, blocks of Gaussians
  // Per instance.
  DeviceBuffer<uint64_t> instances_;
  DeviceBuffer<uint32_t> slot_gaussians_;
  DeviceBuffer<InstanceGradient> gradients_;
  DeviceBuffer<FragmentSums> fragments_;
  // Per tile and segment.
  DeviceBuffer<uint2> tile_ranges_;
  DeviceBuffer<uint32_t> tile_segments_, warp_last_, tile_last_, segment_tiles_;
  DeviceBuffer<float4> checkpoints_;
  DeviceBuffer<NearSplats> near_;
  // Per pixel.
  DeviceBuffer<float> image_, transmittance_, depth_sums_;
};

}  // namespace tame::gpu
