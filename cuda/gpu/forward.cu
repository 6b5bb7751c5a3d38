// The forward pass, top to bottom: project, sort by depth, bin by tile, blend.
#include <algorithm>
#include <cstddef>

#include "blend.cuh"
#include "project.cuh"
#include "rasterizer.h"
#include "sort.h"

namespace tame::gpu {

namespace {

// Bits of a key that holds tile 0 .. tiles - 1, and all ones for the unused slots, which then sort last.
int tile_bits(uint32_t tiles) {
  int bits = 1;
  while ((1ull << bits) - 1 < tiles) ++bits;
  return bits;
}

}  // namespace

void Rasterizer::project() {
  check(cudaMemsetAsync(counts_.data(), 0, offsetof(Counts, overflow), stream_), "clear counts");
  if (projection_.count == 0) return;
  const Profile::Clock clock(profile_, TAME_PHASE_PROJECT);
  project_kernel<<<blocks_for(projection_.count, kGaussianThreads), kGaussianThreads, 0, stream_>>>(projection_);
  check_launch("launch project_kernel");
}

void Rasterizer::forward() {
  project();
  check_room_kernel<<<1, 1, 0, stream_>>>(counts_.data(), instance_room());
  check_launch("launch check_room_kernel");
  bin_by_tile();
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

void Rasterizer::bin_by_tile() {
  const Profile::Clock clock(profile_, TAME_PHASE_BIN);
  const uint32_t count = projection_.count;
  const uint32_t* depth_order = nullptr;
  if (count != 0) {
    // Stable: equal depths keep the order of the Gaussians, which is the order they are numbered in.
    uint32_t* const keys[2] = {depth_keys_.data(), depth_keys_other_.data()};
    uint32_t* const gaussians[2] = {gaussians_.data(), gaussians_other_.data()};
    depth_order = gaussians[sort_pairs(scratch_.data(), scratch_.bytes(), keys, gaussians, count, 32, stream_)];
    scan_gathered(scratch_.data(), scratch_.bytes(), tile_counts_.data(), depth_order, ends_.data(), count, stream_);
  }

  // Tiles fit 16 bits up to 16 megapixels, which halves what the sort moves.
  EmitArgs emit = {};
  emit.projection = projection_;
  emit.depth_order = depth_order;
  emit.ends = ends_.data();
  emit.offsets = offsets_.data();
  emit.keys = tile_keys_.data();
  emit.slots = slots_.data();
  emit.slot_gaussians = slot_gaussians_.data();
  emit.large = depth_keys_.data();  // the keys have served
  check(cudaMemsetAsync(tile_ranges_.data(), 0, tiles_ * sizeof(uint2), stream_), "clear tile ranges");
  if (count != 0) {
    if (tile_bits(tiles_) <= 16)
      bin<uint16_t>(emit);
    else
      bin<uint32_t>(emit);
  }
  scan_segments(scratch_.data(), scratch_.bytes(), tile_ranges_.data(), tile_segments_.data(), tiles_, stream_);
}

template <class Key>
void Rasterizer::bin(const EmitArgs& emit) {
  Key* const keys[2] = {reinterpret_cast<Key*>(tile_keys_.data()), reinterpret_cast<Key*>(tile_keys_other_.data())};
  uint32_t* const slots[2] = {slots_.data(), slots_other_.data()};
  check(cudaMemsetAsync(keys[0], 0xff, instance_room() * sizeof(Key), stream_), "clear tile keys");
  emit_kernel<Key><<<blocks_for(projection_.count, kGaussianThreads), kGaussianThreads, 0, stream_>>>(emit);
  check_launch("launch emit_kernel");
  emit_large_kernel<Key><<<kEmitLargeBlocks, kGaussianThreads, 0, stream_>>>(emit);
  check_launch("launch emit_large_kernel");
  // Stable: within a tile instances keep the depth order they were emitted in.
  const int sorted =
      sort_pairs(scratch_.data(), scratch_.bytes(), keys, slots, instance_room(), tile_bits(tiles_), stream_);
  blend_.slots = slots[sorted];
  tile_ranges_kernel<Key><<<blocks_for(instance_room(), kTilePixels), kTilePixels, 0, stream_>>>(
      keys[sorted], counts_.data(), tile_ranges_.data());
  check_launch("launch tile_ranges_kernel");
}

}  // namespace tame::gpu
