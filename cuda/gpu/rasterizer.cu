// Buffers of a pass, and repeats after an overflow. The passes themselves: forward.cu, backward.cu.
#include <algorithm>
#include <cstdlib>

#include "rasterizer.h"

namespace tame::gpu {

namespace {

// TAME_INSTANCE_CAPACITY sets another initial capacity: tests use a small one to make steps overflow.
uint32_t initial_capacity(uint32_t count) {
  if (const char* named = std::getenv("TAME_INSTANCE_CAPACITY")) {
    const unsigned long capacity = std::strtoul(named, nullptr, 10);
    if (capacity != 0) return uint32_t(std::min(capacity, 1ul << 30));
  }
  return first_capacity(count);
}

// The capacity of instances includes its own reserve, so nothing is added here.
template <class T>
void grow(DeviceBuffer<T>& buffer, size_t size) {
  if (size > buffer.size()) buffer.assign(size);
}

}  // namespace

Rasterizer::Rasterizer(Ledger& ledger, const Stream& stream, Profile& profile)
    : stream_(stream),
      profile_(profile),
      counts_(ledger, TAME_PURPOSE_SPLATS),
      splats_(ledger, TAME_PURPOSE_SPLATS),
      radii_(ledger, TAME_PURPOSE_SPLATS),
      tile_rectangles_(ledger, TAME_PURPOSE_SPLATS),
      tile_counts_(ledger, TAME_PURPOSE_SPLATS),
      tile_masks_(ledger, TAME_PURPOSE_SPLATS),
      offsets_(ledger, TAME_PURPOSE_SPLATS),
      large_(ledger, TAME_PURPOSE_SPLATS),
      tallies_(ledger, TAME_PURPOSE_SPLATS),
      instances_(ledger, TAME_PURPOSE_INSTANCES),
      slot_gaussians_(ledger, TAME_PURPOSE_INSTANCES),
      gradients_(ledger, TAME_PURPOSE_INSTANCES),
      fragments_(ledger, TAME_PURPOSE_INSTANCES),
      tile_ranges_(ledger, TAME_PURPOSE_INSTANCES),
      tile_segments_(ledger, TAME_PURPOSE_INSTANCES),
      warp_last_(ledger, TAME_PURPOSE_INSTANCES),
      tile_last_(ledger, TAME_PURPOSE_INSTANCES),
      segment_tiles_(ledger, TAME_PURPOSE_INSTANCES),
      checkpoints_(ledger, TAME_PURPOSE_INSTANCES),
      near_(ledger, TAME_PURPOSE_INSTANCES),
      image_(ledger, TAME_PURPOSE_IMAGES),
      transmittance_(ledger, TAME_PURPOSE_IMAGES),
      depth_sums_(ledger, TAME_PURPOSE_IMAGES) {}

void Rasterizer::prepare(const RasterInput& input, bool with_depth, bool with_backward, bool with_fragments) {
  try {
    grow_buffers(input, with_depth, with_backward, with_fragments);
  } catch (...) {
    instance_capacity() = 0;  // a capacity that failed is not kept: a smaller view may still fit
    throw;
  }
}

void Rasterizer::grow_buffers(const RasterInput& input, bool with_depth, bool with_backward, bool with_fragments) {
  with_backward_ = with_backward;
  const uint32_t count = input.count;
  const uint32_t width = uint32_t(input.camera.width), height = uint32_t(input.camera.height);
  const uint32_t tiles_x = (width + kTile - 1) / kTile, tiles_y = (height + kTile - 1) / kTile;
  const size_t plane = size_t(width) * height;
  tiles_ = tiles_x * tiles_y;
  if (counts_.size() == 0) {
    counts_.assign(1);
    check(cudaMemsetAsync(counts_.data(), 0, sizeof(Counts), stream_), "clear counts");
  }
  if (instance_capacity() == 0) instance_capacity() = initial_capacity(count);

  splats_.reserve(count);
  radii_.reserve(count);
  tile_rectangles_.reserve(count);
  tile_counts_.reserve(count);
  tile_masks_.reserve(count);
  offsets_.reserve(count);
  large_.reserve(count);
  grow(instances_, instance_capacity());
  grow(slot_gaussians_, instance_capacity());
  tile_ranges_.reserve(tiles_);
  tile_segments_.reserve(tiles_);
  warp_last_.reserve(size_t(tiles_) * kTileWarps);
  tile_last_.reserve(tiles_);
  segment_tiles_.reserve(most_segments());
  if (with_backward) {
    grow(gradients_, instance_capacity());
    grow(checkpoints_, size_t(instance_capacity()) / kSegment * kTilePixels);
    near_.reserve(most_segments());
  }
  if (with_fragments) grow(fragments_, instance_capacity());
  image_.reserve(3 * plane);
  transmittance_.reserve(plane);
  if (with_depth) depth_sums_.reserve(plane);

  projection_ = {};
  projection_.parameters = input.parameters;
  projection_.layout = input.layout;
  projection_.count = count;
  projection_.active_degree = input.active_degree;
  projection_.camera = input.camera;
  projection_.tiles_x = int(tiles_x);
  projection_.tiles_y = int(tiles_y);
  projection_.splats = splats_.data();
  projection_.radii = radii_.data();
  projection_.tile_counts = tile_counts_.data();
  projection_.tile_rectangles = tile_rectangles_.data();
  projection_.tile_masks = tile_masks_.data();
  projection_.large = large_.data();
  tallies_.reserve(tallies());
  projection_.large_count = tallies_.data();
  projection_.tile_sizes = projection_.large_count + 1;
  projection_.block_sizes = projection_.tile_sizes + tiles_;
  projection_.counts = counts_.data();

  blend_ = {};
  blend_.splats = splats_.data();
  blend_.tile_ranges = tile_ranges_.data();
  blend_.tile_segments = tile_segments_.data();
  blend_.instances = reinterpret_cast<const uint2*>(instances_.data());
  blend_.width = int(width);
  blend_.height = int(height);
  blend_.tiles_x = int(tiles_x);
  blend_.tiles = int(tiles_);
  std::copy(input.background, input.background + 3, blend_.background);
  blend_.image = image_.data();
  blend_.transmittance = transmittance_.data();
  blend_.depth = with_depth ? depth_sums_.data() : nullptr;
  blend_.warp_last = warp_last_.data();
  blend_.tile_last = tile_last_.data();
  blend_.segment_tiles = segment_tiles_.data();
  blend_.checkpoints = with_backward ? checkpoints_.data() : nullptr;
  blend_.near = with_backward ? near_.data() : nullptr;
  blend_.counts = counts_.data();
  blend_.gradients = gradients_.data();
}

bool Rasterizer::grew_after_overflow() {
  Counts counts;
  check(cudaMemcpyAsync(&counts, counts_.data(), sizeof counts, cudaMemcpyDeviceToHost, stream_), "read counts");
  stream_.wait();
  if (counts.overflow == 0) return false;
  // A quarter more than this view needs: the next ones differ a little.
  check(cudaMemsetAsync(counts_.data(), 0, sizeof(Counts), stream_), "clear counts");
  if (counts.most > UINT32_MAX / 2)
    fail(TAME_OUT_OF_MEMORY, "The splats reach %llu tiles in all, more than 2 147 483 647: lower the resolution",
         counts.most);
  instance_capacity() = uint32_t(counts.most + counts.most / 4);
  return true;
}

uint64_t Rasterizer::count_instances(const RasterInput& input) {
  prepare(input, false, false);
  project();
  Counts counts;
  check(cudaMemcpyAsync(&counts, counts_.data(), sizeof counts, cudaMemcpyDeviceToHost, stream_), "read counts");
  // Nothing is emitted, so an overflow here must not make the next pass grow its buffers.
  check(cudaMemsetAsync(counts_.data(), 0, sizeof counts, stream_), "clear counts");
  stream_.wait();
  return counts.instances;
}

void Rasterizer::forward_and_wait(const RasterInput& input, bool with_depth, bool with_backward) {
  do {
    prepare(input, with_depth, with_backward);
    forward();
  } while (grew_after_overflow());
}

}  // namespace tame::gpu
