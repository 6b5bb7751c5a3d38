// What the kernels read and write: records per Gaussian and per instance, and each kernel's arguments.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "../abi/step.h"
#include "../core/layout.h"
#include "../core/photo.h"
#include "../core/projection.h"
#include "../core/tiles.h"
#include "../core/tree_sum.h"
#include "config.h"

namespace tame::gpu {

constexpr float kLog2 = 0.6931471806f;  // natural logarithm of 2

// A projected Gaussian in three 16-byte loads.
struct alignas(16) Splat {
  float x, y;
  // log2(alpha) = log_opacity - E, E = a dx^2 + b dx dy + c dy^2: the hardware has powers of 2.
  float a, b, c, log_opacity;
  float cut;         // E at which alpha falls to 1/255
  uint32_t clamped;  // bit c: channel c was negative and is clamped to 0
  float rgb[3], depth;
};
static_assert(sizeof(Splat) == 48);

// Sums over the pixels of one (tile, splat) instance. h is d loss / d log(alpha); dx, dy: mean minus pixel.
struct InstanceGradient {
  float rgb[3];
  float h, h_dx, h_dy, h_dxdx, h_dxdy, h_dydy;
};

// A Gaussian's gradient, except that of its colour; takes the place of its splat.
struct alignas(16) RowGradient {
  float mean[3], opacity, log_scale[3], quat[4];
};
static_assert(sizeof(RowGradient) == sizeof(Splat));

// Sums over the contributions of one instance (Mallick et al. 2024), from which the score's terms are computed.
struct InstanceScore {
  float loss, count, blend, distance;
};
static_assert(sizeof(InstanceScore) <= sizeof(InstanceGradient), "scores reuse the buffer of gradients");

// One per rasteriser, in device memory. `overflow` is sticky: a step that needs more instances than the capacity sets
// it, and while it is set no kernel changes training state; the host grows the buffers and clears it.
struct Counts {
  unsigned long long instances;  // needed by the current view
  uint32_t overflow;
  unsigned long long most;  // instances needed by any view since the flag was set
};

struct ProjectArgs {
  Planes parameters;
  Layout layout;
  uint32_t count;
  int active_degree;
  core::Camera<float> camera;
  int tiles_x, tiles_y;
  Splat* splats;
  float* radii;                    // whole pixels; 0 = not visible
  uint32_t* tile_counts;           // tiles the splat reaches
  TileRectangle* tile_rectangles;  // which contain them
  uint32_t* tile_masks;            // which of at most 32 they are, row by row
  uint32_t* large;                 // Gaussians whose rectangle has more tiles than a mask holds, in any order
  // Counted from 0: the number of large ones; per tile the splats that reach it; per block of Gaussians their
  // instances.
  uint32_t *large_count, *tile_sizes, *block_sizes;
  Counts* counts;
};

// The splats of a segment that can touch the pixels of each warp, as bits.
struct NearSplats {
  uint32_t warps[kSegment / kWarp][kTileWarps];
};

struct BlendArgs {
  const Splat* splats;
  const uint2* tile_ranges;       // first and past-the-end instance of each tile
  const uint32_t* tile_segments;  // inclusive sums of segments over the tiles, at least one each
  const uint2* instances;         // by tile and depth: slot, Gaussian
  int width, height, tiles_x, tiles;
  float background[3];
  float* image;             // 3 planes of width * height
  float* transmittance;     // final T
  float* depth;             // sum(w z), or null
  uint32_t* warp_last;      // per tile and warp: instances beyond which the warp's pixels blend none
  uint32_t* tile_last;      // its maximum over a tile
  uint32_t* segment_tiles;  // tile of each segment
  // [segment][pixel]: colour and what is let through before the segment, for all but each tile's first. This and the
  // next are null if no replay follows.
  float4* checkpoints;
  NearSplats* near;  // by segment
  const Counts* counts;
  // Backward only.
  const float* d_image;         // 3 planes
  const float* d_alpha;         // 1 plane, or null
  float gradient_cap;           // an alpha above this before the clamp has no gradient
  InstanceGradient* gradients;  // by slot
  FragmentSums* fragments;      // by slot, or null
  // Scoring only.
  const float* pixel_weights;  // 1 plane
  InstanceScore* scores;       // by slot
};

// Slots number the instances Gaussian by Gaussian. The scan replaces the counted sizes by their prefix sums; those of
// tiles are incremented as instances are emitted.
struct BinArgs {
  ProjectArgs projection;
  uint32_t tiles, blocks, capacity;  // blocks of Gaussians, capacity of instances
  uint2* tile_ranges;                // out: see BlendArgs
  uint32_t* tile_segments;           // out
  uint32_t* offsets;                 // out, per Gaussian: its first slot
  uint64_t* instances;  // out: in each tile's range depth and slot, then, sorted, Gaussian and slot (low half)
  uint32_t* slot_gaussians;
};

struct OptimizeArgs {
  ProjectArgs projection;
  const uint32_t* offsets;
  InstanceGradient* gradients;
  const FragmentSums* fragments;  // by slot, or null
  const float* largest_gradient;  // |d loss / d colour| of the view, one float; with fragments
  float full_gradient_depth;      // see core::density_gradient
  const float* depth_gradients;   // by slot, or null
  // A step runs in one part or two. The first of two writes the view's gradients here and changes nothing else: the
  // planes of the parameters, then those of StatisticPlane, with those of fragments only if there are any.
  Planes gradients_to;
  float* mean2_to;  // 2 more planes, of the 2D mean's gradient; or null
  // The second takes such gradients from here instead of from instances.
  Planes gradients_from;
  TrainingArgs training;
};

struct LossArgs {
  int width, height;
  float lambda_dssim;
  const float* image;          // 3 planes
  Photo photo;                 // the target; without pixels:
  const float* target_planes;  // 3 planes
  double values;               // number of values in the mean: 3 for each pixel that counts
  float l1_share, ssim_share;  // d loss / d L1 and d SSIM of a value
  float* partials;             // 9 planes: channel-major d_mean, d_xx, d_xy; null without gradient
  float* gradient;             // 3 planes
  double2* sums;               // per block: L1, SSIM
  uint32_t blocks;
  double* value;         // out
  const Counts* counts;  // of the render, or null
};

}  // namespace tame::gpu
