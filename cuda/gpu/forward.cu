// The forward pass, top to bottom: project, sort by depth, bin by tile, blend.
#include <algorithm>

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

void Rasterizer::forward() {
  check(cudaMemsetAsync(&counts_.data()->instances, 0, sizeof counts_.data()->instances, stream_), "clear counts");
  const uint32_t count = projection_.count, blocks = blocks_for(count, kGaussianThreads);
  if (count != 0) {
    project_kernel<<<blocks, kGaussianThreads, 0, stream_>>>(projection_);
    check_launch("launch project_kernel");
    check_room_kernel<<<1, 1, 0, stream_>>>(counts_.data(), instance_room_);
    check_launch("launch check_room_kernel");

    // Stable: equal depths keep the order of the Gaussians, which is the order they are numbered in.
    sort_pairs(scratch_.data(), scratch_.bytes(), depth_keys_.data(), sorted_depths_.data(), gaussians_.data(),
               depth_order_.data(), count, 32, stream_);
    scan_gathered(scratch_.data(), scratch_.bytes(), tile_counts_.data(), depth_order_.data(), ends_.data(), count,
                  stream_);
  }

  // Tiles fit 16 bits up to 16 megapixels, which halves what the sort moves.
  EmitArgs emit = {projection_,       depth_order_.data(), ends_.data(),           offsets_.data(),
                   tile_keys_.data(), slot_iota_.data(),   slot_gaussians_.data(), instance_room_};
  check(cudaMemsetAsync(tile_ranges_.data(), 0, tiles_ * sizeof(uint2), stream_), "clear tile ranges");
  if (count != 0) {
    if (tile_bits(tiles_) <= 16)
      bin<uint16_t>(emit);
    else
      bin<uint32_t>(emit);
  }
  scan_buckets(scratch_.data(), scratch_.bytes(), tile_ranges_.data(), tile_buckets_.data(), tiles_, stream_);

  if (blend_.depth != nullptr)
    blend_kernel<true><<<tiles_, kTilePixels, 0, stream_>>>(blend_);
  else
    blend_kernel<false><<<tiles_, kTilePixels, 0, stream_>>>(blend_);
  check_launch("launch blend_kernel");
}

template <class Key>
void Rasterizer::bin(EmitArgs& emit) {
  Key* keys = reinterpret_cast<Key*>(tile_keys_.data());
  Key* sorted = reinterpret_cast<Key*>(sorted_tiles_.data());
  check(cudaMemsetAsync(keys, 0xff, instance_room_ * sizeof(Key), stream_), "clear tile keys");
  emit_kernel<Key><<<blocks_for(projection_.count, kGaussianThreads), kGaussianThreads, 0, stream_>>>(emit);
  check_launch("launch emit_kernel");
  // Stable: within a tile instances keep the depth order they were emitted in.
  sort_pairs(scratch_.data(), scratch_.bytes(), keys, sorted, slot_iota_.data(), slots_.data(), instance_room_,
             tile_bits(tiles_), stream_);
  tile_ranges_kernel<Key><<<blocks_for(instance_room_, kTilePixels), kTilePixels, 0, stream_>>>(sorted, counts_.data(),
                                                                                                tile_ranges_.data());
  check_launch("launch tile_ranges_kernel");
}

}  // namespace tame::gpu
