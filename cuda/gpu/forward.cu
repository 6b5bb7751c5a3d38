// The forward pass, top to bottom: project, bin by tile, sort each tile by depth, blend.
#include "bin.cuh"
#include "blend.cuh"
#include "project.cuh"
#include "rasterizer.h"
#include "sort.h"

namespace tame::gpu {

void Rasterizer::project() {
  check(cudaMemsetAsync(tile_cursors_.data(), 0, tiles_ * sizeof(uint32_t), stream_), "clear tile counts");
  const Profile::Clock clock(profile_, TAME_PHASE_PROJECT);
  if (projection_.count != 0) {
    project_kernel<<<blocks_for(projection_.count, kGaussianThreads), kGaussianThreads, 0, stream_>>>(projection_);
    check_launch("launch project_kernel");
  }
  scan_tiles_kernel<<<1, kScanThreads, 0, stream_>>>(bin_args());
  check_launch("launch scan_tiles_kernel");
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
  args.room = instance_room();
  args.offsets = offsets_.data();
  args.tile_cursors = tile_cursors_.data();
  args.tile_ranges = tile_ranges_.data();
  args.tile_segments = tile_segments_.data();
  args.instances = instances_.data();
  args.slot_gaussians = slot_gaussians_.data();
  args.large = large_.data();
  return args;
}

void Rasterizer::bin_by_tile() {
  const Profile::Clock clock(profile_, TAME_PHASE_BIN);
  const uint32_t count = projection_.count, blocks = blocks_for(count, kGaussianThreads);
  exclusive_sums(scratch_.data(), scratch_.bytes(), tile_counts_.data(), offsets_.data(), count, stream_);
  const BinArgs args = bin_args();
  emit_kernel<<<blocks, kGaussianThreads, 0, stream_>>>(args);
  check_launch("launch emit_kernel");
  emit_large_kernel<<<kEmitLargeBlocks, kGaussianThreads, 0, stream_>>>(args);
  check_launch("launch emit_large_kernel");
  sort_tiles_kernel<<<tiles_, kSortThreads, 0, stream_>>>(args);
  check_launch("launch sort_tiles_kernel");
}

}  // namespace tame::gpu
