// Compiled once per SIMD level, into a namespace of that level's name. Includes only C headers and <cmath>: see
// kernels.h.
#include "kernels.h"

#include "../core/activations.h"
#include "../core/adam.h"
#include "../core/depths.h"
#include "../core/lpips.h"
#include "../core/projection.h"
#include "../core/sampling.h"
#include "../core/sh.h"
#include "../core/ssim.h"
#include "../core/statistics.h"
#include "../core/terms.h"
#include "../core/tiles.h"
#include "simd.h"

namespace tame::cpu {
inline namespace TAME_SIMD_LEVEL {
namespace {

using core::F8;
using core::kLanes;

// In this order: each uses definitions of those above.
// clang-format off
#include "project.inl"
#include "blend.inl"
#include "depths.inl"
#include "loss.inl"
#include "optimize.inl"
#include "tree_sum.inl"
#include "scales.inl"
#include "lpips.inl"
// clang-format on

#define TAME_TEXT(x) #x
#define TAME_NAME(x) TAME_TEXT(x)

}  // namespace

extern const Kernels kernels;  // declared first: a const object is otherwise private to its file
const Kernels kernels = {TAME_NAME(TAME_SIMD_LEVEL),
                         project,
                         write_tiles,
                         blend,
                         blend_backward,
                         blend_score,
                         depth_loss,
                         loss_partials,
                         loss_gradient,
                         lpips_convolve,
                         lpips_compare,
                         optimize,
                         add_gradients,
                         limit_scales};

}  // namespace TAME_SIMD_LEVEL
}  // namespace tame::cpu
