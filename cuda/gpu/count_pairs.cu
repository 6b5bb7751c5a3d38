// Counts the pairs of a forward pass, for the profile: one block per tile, one thread per instance.
#include "fragment.cuh"
#include "rasterizer.h"

namespace tame::gpu {

namespace {

constexpr uint32_t kThreads = 128;

// scores: by slot, or null if there are none.
__global__ void count_pairs_kernel(ProjectArgs p, BlendArgs a, const InstanceScore* scores, PairCounts* totals) {
  if (a.counts->overflow != 0) return;
  unsigned long long visible = 0, evaluated = 0, blended = 0;
  for (uint32_t i = blockIdx.x * kThreads + threadIdx.x; i < p.count; i += gridDim.x * kThreads)
    visible += p.radii[i] > 0.f;
  const uint32_t tile = blockIdx.x, last = a.tile_last[tile];
  const uint2 range = a.tile_ranges[tile];
  const int tile_x = int(tile) % a.tiles_x * kTile, tile_y = int(tile) / a.tiles_x * kTile;
  for (uint32_t j = threadIdx.x; j < last; j += kThreads) {
    const uint2 instance = a.instances[range.x + j];
    const Splat& s = a.splats[instance.y];
    for (int pixel = 0; pixel < kTilePixels; pixel += kWarp) {
      const int2 offset = tile_pixel(pixel);
      if (near_warp(s, float(tile_x + offset.x) + 0.5f, float(tile_y + offset.y) + 0.5f)) evaluated += kWarp;
    }
    if (scores != nullptr) blended += static_cast<unsigned long long>(scores[instance.x].count);
  }
  atomicAdd(&totals->visible, visible);
  atomicAdd(&totals->evaluated, evaluated);
  atomicAdd(&totals->blended, blended);
  if (blockIdx.x == 0 && threadIdx.x == 0) atomicAdd(&totals->instances, a.counts->instances);
}

}  // namespace

void Rasterizer::count_pairs() {
  profile_.count_pass(uint64_t(blend_.width) * uint64_t(blend_.height), projection_.count);
  if (projection_.count == 0) return;
  const InstanceScore* scores = nullptr;
  if (with_backward_) {
    score_instances(transmittance_.data());  // any weights: only the pixels of each instance are counted
    scores = blend_.scores;
  }
  count_pairs_kernel<<<tiles_, kThreads, 0, stream_>>>(projection_, blend_, scores, profile_.pairs());
  check_launch("launch count_pairs_kernel");
}

}  // namespace tame::gpu
