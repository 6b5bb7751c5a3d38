// The rasteriser of one camera at a time. Keeps its scratch between calls; a device has one for rendering and training.
// Nothing here waits for the device except where it says so.
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

  // Makes room for `input` with the instances remembered so far; may allocate, and then waits.
  void prepare(const RasterInput& input, bool with_depth, bool with_backward);
  // Enqueues one forward pass (forward.cu). Call prepare first.
  void forward();
  // Enqueues the backward pass of the last forward (backward.cu): d_image is 3 planes, d_alpha a plane or null.
  // pass_clamped: as if alpha were not capped.
  void backward(const float* d_image, const float* d_alpha, bool pass_clamped = false);
  // What each Gaussian contributes where, of the last forward, prepared with_backward; pixel_weights: 1 plane. Arrays
  // of count() each, in device memory.
  struct Contributions {
    float *loss, *count, *blend, *distance, *radius, *depth;
  };
  void contributions(const float* pixel_weights, const Contributions& out);
  // Arguments of optimize_kernel for the last backward; the caller fills in the rest.
  OptimizeArgs optimize_args() const;
  void optimize(const OptimizeArgs& args, bool train);

  // (tile, splat) pairs of a view. Waits.
  uint64_t count_instances(const RasterInput& input);

  // Waits. True when the last forward had too little room: makes it, clears the flag, and the caller does it again.
  bool grew_after_overflow();
  // Prepares and runs a forward to its end, however much room it takes. Waits.
  void forward_and_wait(const RasterInput& input, bool with_depth, bool with_backward);

  const Counts* counts() const { return counts_.data(); }
  const float* image() const { return image_.data(); }
  const float* transmittance() const { return transmittance_.data(); }
  const float* depth_sums() const { return depth_sums_.data(); }
  const float* radii() const { return radii_.data(); }

 private:
  void make_room(const RasterInput& input, bool with_depth, bool with_backward);
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
  // Instances there is room for: one number for rendering, one for training ([1]), which keeps more for each, so that
  // one large render does not weigh on every step.
  uint32_t rooms_[2] = {};
  bool with_backward_ = false;
  // Segments of a view that fits the room: whole ones, and a last one for each tile.
  uint32_t most_segments() { return instance_room() / kSegment + tiles_; }
  uint32_t& instance_room() { return rooms_[with_backward_ ? 1 : 0]; }

  DeviceBuffer<Counts> counts_;
  // Per Gaussian.
  DeviceBuffer<Splat> splats_;
  DeviceBuffer<float> radii_;
  DeviceBuffer<TileSpan> tile_spans_;
  DeviceBuffer<uint32_t> tile_counts_, tile_masks_, offsets_, large_;
  DeviceBuffer<uint32_t> tallies_;  // see ProjectArgs: large, tiles, blocks of Gaussians
  // Per instance.
  DeviceBuffer<uint64_t> instances_;
  DeviceBuffer<uint32_t> slot_gaussians_;
  DeviceBuffer<InstanceGradient> gradients_;
  // Per tile and segment.
  DeviceBuffer<uint2> tile_ranges_;
  DeviceBuffer<uint32_t> tile_segments_, tile_last_, segment_tiles_;
  DeviceBuffer<float4> checkpoints_;
  // Per pixel.
  DeviceBuffer<float> image_, transmittance_, depth_sums_;
  DeviceBuffer<uint32_t> last_;
};

}  // namespace tame::gpu
