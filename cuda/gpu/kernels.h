// What the kernels read and write: records per Gaussian and per instance, and each kernel's arguments.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "../abi/step.h"
#include "../core/layout.h"
#include "../core/photo.h"
#include "../core/projection.h"
#include "config.h"

namespace tame::gpu {

// A projected Gaussian in three 16-byte loads.
struct alignas(16) Splat {
  float x, y;
  // log2(alpha) = log_opacity - E, E = a dx^2 + b dx dy + c dy^2: powers of 2 are what the hardware has.
  float a, b, c, log_opacity;
  float cut;         // E at which alpha falls to 1/255
  uint32_t clamped;  // bit c: channel c was negative and is held at 0
  float rgb[3], depth;
};
static_assert(sizeof(Splat) == 48);

// A rectangle of tiles, the upper bounds exclusive.
struct alignas(8) TileSpan {
  uint16_t x0, y0, x1, y1;
  __host__ __device__ int area() const { return (x1 - x0) * (y1 - y0); }
};

// Sums over the pixels of one (tile, splat) instance. h is d loss / d log(alpha); dx, dy: mean minus pixel.
struct InstanceGradient {
  float rgb[3];
  float h, h_dx, h_dy, h_dxdx, h_dxdy, h_dydy;
};

// Sums over the contributions of one instance (Mallick et al. 2024): what the score's terms are made of.
struct InstanceScore {
  float loss, count, blend, distance;
};
static_assert(sizeof(InstanceScore) <= sizeof(InstanceGradient), "scores stand where gradients stand in a step");

// One per rasteriser, in device memory. `overflow` is sticky: it is set where a step needs more instances than there is
// room for, and while it is set no kernel changes training state; the host clears it when it has made room.
struct Counts {
  unsigned long long instances;  // that the current view needs
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
  float* radii;           // whole pixels; 0 = not visible
  uint32_t* tile_counts;  // tiles the splat reaches
  TileSpan* tile_spans;   // where they lie
  uint32_t* tile_masks;   // which of at most 32 they are, row by row
  uint32_t* large;        // Gaussians whose rectangle has more tiles than a mask holds, in any order
  // From 0 on: how many those are; per tile the splats that reach it; per block of Gaussians their instances.
  uint32_t *large_count, *tile_sizes, *block_sizes;
  Counts* counts;
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
  uint32_t* last;           // per pixel: instances up to the last one taken
  uint32_t* tile_last;      // their maximum over a tile
  uint32_t* segment_tiles;  // tile of each segment
  // [segment][pixel]: colour so far and T before it, for all but each tile's first; null when no replay follows.
  float4* checkpoints;
  const Counts* counts;
  // Backward only.
  const float* d_image;         // 3 planes
  const float* d_alpha;         // 1 plane, or null
  float gradient_cap;           // an alpha that would exceed this passes no gradient on to its splat
  InstanceGradient* gradients;  // by slot
  // Scoring only.
  const float* pixel_weights;  // 1 plane
  InstanceScore* scores;       // by slot
};

// Slots number the instances Gaussian by Gaussian. Where sizes were counted their sums go; those of tiles then move on
// as instances are placed.
struct BinArgs {
  ProjectArgs projection;
  uint32_t tiles, blocks, room;  // blocks of Gaussians, instances that there is room for
  uint2* tile_ranges;            // out: see BlendArgs
  uint32_t* tile_segments;       // out
  uint32_t* offsets;             // out, per Gaussian: its first slot
  uint64_t* instances;           // out: in each tile's range depth and slot, then, sorted, Gaussian and slot (low half)
  uint32_t* slot_gaussians;
};

struct OptimizeArgs {
  ProjectArgs projection;
  const uint32_t* offsets;
  const InstanceGradient* gradients;
  // Where gradients go when there is no optimiser: same planes as the parameters, and 2 planes of the 2D mean; or null.
  Planes gradient_out;
  float* mean2_out;
  // A step in two: the gradients of a view, with what its statistics add behind them, go to the one and nothing else
  // changes; or a step takes them from the other, and no instance is read. Both null: a fused step.
  Planes gradients_to, gradients_from;
  // Training.
  Planes first_moments, second_moments;
  Planes sh_sums;  // running SH_REST gradient, planes of the group only
  StepEffect step;
  // Density statistics, or null.
  float* gradient_sums;
  uint32_t* visible_steps;
  float* max_radii;
  float full_gradient_depth;  // see core::density_gradient
};

struct LossArgs {
  int width, height;
  float lambda_dssim;
  const float* image;          // 3 planes
  Photo photo;                 // the target; without pixels:
  const float* target_planes;  // 3 planes
  double values;               // over which the mean goes: 3 for each pixel that counts
  float* partials;             // 9 planes: channel-major d_mean, d_xx, d_xy; null without gradient
  float* gradient;             // 3 planes
  double2* sums;               // per block: L1, SSIM
  uint32_t blocks;
  double* value;         // out
  const Counts* counts;  // of the render, or null
};

}  // namespace tame::gpu
