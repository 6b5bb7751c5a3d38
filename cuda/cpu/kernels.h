// The hot loops, one set per SIMD level, and what they read and write. Plain pointers only: kernels.cpp is compiled
// once per instruction set, and the linker could use its copy of any inline function that it shared with other units.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../abi/step.h"
#include "../core/depths.h"
#include "../core/layout.h"
#include "../core/photo.h"
#include "../core/tiles.h"
#include "../core/tree_sum.h"

namespace tame::cpu {

constexpr uint32_t kGaussianBlock = 256;  // Gaussians per work item, a multiple of any vector width
constexpr uint32_t kRowPadding = 16;      // image rows are padded to whole tiles

// A projected Gaussian as the tiles read it; 40 bytes.
struct Splat {
  float x, y;     // px
  float A, B, C;  // conic
  float cut;      // exponent at which alpha falls to 1/255; negative if the opacity is lower
  float rgb[3];
  float depth;
};

// Sums over the pixels of one (tile, splat) instance. h is d loss / d log(alpha); dx, dy: mean minus pixel.
struct InstanceGradient {
  float rgb[3];
  float h, h_dx, h_dy, h_dxdx, h_dxdy, h_dydy;
};

// Sums over the contributions of one instance (Mallick et al. 2024), from which the score's terms are computed.
struct InstanceScore {
  float loss, count, blend, distance;
};

struct ProjectArgs {
  Planes parameters;
  Layout layout;
  uint32_t count;
  int active_degree;
  tame_camera camera;
  int tiles_x, tiles_y;
  Splat* splats;
  float* radii;                    // whole pixels; 0 = not visible
  uint8_t* clamped;                // bit c: channel c was negative and is clamped to 0
  uint32_t* tile_counts;           // tiles the splat reaches
  TileRectangle* tile_rectangles;  // which contain them
  uint8_t* first_tiles;            // which of the first eight in its rectangle, one bit each
  const uint32_t* offsets;         // write_tiles: first instance of each Gaussian
  uint32_t* instance_tiles;        // write_tiles: tile of each instance
};

struct BlendArgs {
  const Splat* splats;
  const uint32_t* tile_starts;  // tiles + 1 entries into `order` and `slots`
  const uint32_t* order;        // Gaussian of each instance, by tile and depth
  const uint32_t* slots;        // its place in instance order of the Gaussian
  uint32_t* vectors;            // of the tile's pixels in which each instance is blended, one bit each: from blend for
                                // its backward pass and scores
  int width, height, tiles_x;
  size_t row, plane;  // floats from one image row, one image plane, to the next
  float background[3];
  float* image;              // 3 planes
  float* transmittance;      // 1 plane: final T
  float* depth;              // 1 plane of sum(w z), or null
  uint32_t* tile_last;       // per tile: instances after which every pixel is done
  uint32_t* tile_evaluated;  // per tile: (pixel, splat) pairs looked at
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

// The loss of depths at single pixels, after the blend and its backward pass.
struct DepthArgs {
  BlendArgs blend;
  const DepthTile* tiles;
  const DepthPoint* points;
  float weight;
  uint64_t seed;
  uint32_t iteration;
  double* losses;    // per entry of `tiles`
  float* gradients;  // out, by slot: d loss / d depth, 0 before; null without a backward pass, which adds the other
                     // gradients to those of `blend`
};

struct ScaleLimitArgs {
  Planes parameters;
  Layout layout;
  const tame_camera* cameras;
  uint32_t camera_count;
  float pixels;
  float* smallest_scales;
};

struct LossArgs {
  int width, height;
  size_t row, plane;
  float lambda_dssim;
  const float* image;          // 3 planes
  Photo photo;                 // the target; without pixels:
  const float* target_planes;  // 3 planes
  double values;               // number of values in the mean: 3 for each pixel that counts
  float* partials;             // 9 planes: channel-major d_mean, d_xx, d_xy
  float* gradient;             // 3 planes, or null
  double* sums;                // per (channel, stripe): L1, SSIM
};

struct OptimizeArgs {
  ProjectArgs projection;
  const InstanceGradient* gradients;
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

// The output of a convolution of LPIPS, with bias and ReLU. Images are [image][channel][place][x], row y at place
// y % capacity.
struct LpipsConvolveArgs {
  const float* input;
  float* output;
  uint32_t in, out;  // channels
  uint32_t kernel, stride, pad;
  uint32_t in_width, in_height, in_capacity;
  uint32_t out_width, out_capacity;
  size_t image;              // floats from one image to the other, in `from` and `to`
  uint32_t first_row, rows;  // of the output
  const float* weights;      // [out / 4][in, row, column][4]
  const float* bias;
};

// Features of both images at one tap.
struct LpipsCompareArgs {
  const float* features;  // of the first image
  size_t image;           // floats to the other
  uint32_t channels, width, capacity;
  uint32_t first_row;
  const float* linear;  // per channel
  double* sums;         // out: by row, from row 0
};

constexpr uint32_t kLpipsTile = 24;    // pixels per work item: three vectors
constexpr uint32_t kLpipsDepth = 256;  // products per update of the sums: the panel stays in the L1 cache
constexpr uint32_t kLpipsOutputs = 4;  // channels that are summed together: twelve vectors of sums
constexpr uint32_t kLpipsKernel = 11;  // side of the largest kernel
inline uint32_t lpips_tiles(uint32_t rows, uint32_t width) {
  return (2 * rows * width + kLpipsTile - 1) / kLpipsTile;
}
inline size_t lpips_scratch_floats(uint32_t out) {
  return size_t(kLpipsTile) * (kLpipsDepth + out);
}

constexpr int kLossStripe = 32;  // image rows per work item, which reads 5 more on either side
inline size_t loss_scratch_floats(size_t row) {
  return (size_t(kLossStripe) + 10) * 4 * row + 2 * (row + 32);
}

struct Kernels {
  const char* level;
  void (*project)(const ProjectArgs&, uint32_t first, uint32_t last);
  void (*write_tiles)(const ProjectArgs&, uint32_t first, uint32_t last);
  void (*blend)(const BlendArgs&, uint32_t tile);
  void (*blend_backward)(const BlendArgs&, uint32_t tile);
  void (*blend_score)(const BlendArgs&, uint32_t tile);
  void (*depth_loss)(const DepthArgs&, uint32_t entry);
  void (*loss_partials)(const LossArgs&, uint32_t stripe, uint32_t channel, float* scratch);
  void (*loss_gradient)(const LossArgs&, uint32_t stripe, uint32_t channel, float* scratch);
  void (*lpips_convolve)(const LpipsConvolveArgs&, uint32_t tile, float* scratch);
  void (*lpips_compare)(const LpipsCompareArgs&, uint32_t row);  // rows from first_row
  void (*optimize)(const OptimizeArgs&, uint32_t first, uint32_t last);
  void (*add_gradients)(const GradientSum&, uint32_t first, uint32_t last);
  void (*limit_scales)(const ScaleLimitArgs&, uint32_t first, uint32_t last);  // at most a block
};

// The best level that this machine supports, or the one in TAME_SIMD; throws Failure on an unknown name.
const Kernels& choose_kernels();

}  // namespace tame::cpu
