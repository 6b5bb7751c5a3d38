// The forward pass, top to bottom: project, bin by tile, sort each tile by depth, blend.
#include "bin.cuh"
#include "blend.cuh"
#include "project.cuh"
#include "rasterizer.h"

namespace tame::gpu {

void Rasterizer::project() {
  // The whole buffer, so that the call is the same for every view.
  check(cudaMemsetAsync(tallies_.data(), 0, tallies_.bytes(), stream_), "clear tallies");
  const Profile::Clock clock(profile_, TAME_PHASE_PROJECT);
  if (projection_.count != 0) {
    project_kernel<<<blocks_for(projection_.count, kGaussianThreads), kGaussianThreads, 0, stream_>>>(projection_);
    check_launch("launch project_kernel");
    count_large_kernel<<<kLargeBlocks, kGaussianThreads, 0, stream_>>>(projection_);
    check_launch("launch count_large_kernel");
  }
  scan_kernel<<<2, kScanThreads, 0, stream_>>>(bin_args());
  check_launch("launch scan_kernel");
}

void Rasterizer::forward() {
  project();
  if (projection_.count != 0) bin_by_tile();
  {
    const Profile::Clock clock(profile_, TAME_PHASE_BLEND);
    if (blend_.depth != nullptr)
      blend_kernel<true><<<tiles_, kTilePixels, 0, stream_>>>(blend_);
    else
      blend_kernel<false><<<tiles_, kTilePixels, 0, stream_>>>(blend_);
    check_launch("launch blend_kernel");
  }
  if (profile_.on()) count_pairs();
}

BinArgs Rasterizer::bin_args() {
  BinArgs args = {};
  args.projection = projection_;
  args.tiles = tiles_;
  args.blocks = blocks_for(projection_.count, kGaussianThreads);
  args.capacity = instance_capacity();
  args.tile_ranges = tile_ranges_.data();
  args.tile_segments = tile_segments_.data();
  args.offsets = offsets_.data();
  args.instances = instances_.data();
  args.slot_gaussians = slot_gaussians_.data();
  return args;
}

void Rasterizer::bin_by_tile() {
  const Profile::Clock clock(profile_, TAME_PHASE_BIN);
  const BinArgs args = bin_args();
  emit_kernel<<<kLargeBlocks + args.blocks, kGaussianThreads, 0, stream_>>>(args);
  check_launch("launch emit_kernel");
  sort_tiles_kernel<<<tiles_, kSortThreads, 0, stream_>>>(args);
  check_launch("launch sort_tiles_kernel");
}

}  // namespace tame::gpu
