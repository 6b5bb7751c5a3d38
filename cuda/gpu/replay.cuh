// Repeats the forward pass for sums per (tile, splat) instance: one block per segment of a tile's list, one thread per
// pixel, as in the forward pass. Mallick et al. 2024 assign each lane a splat and iterate over pixels; here warps skip
// the splats that miss their pixels, and sums over pixels go through shared memory, transposed:
//   1. a warp processes the splats near it in order; for each, every lane writes some numbers to a row of shared
//   memory;
//   2. when kRows rows are full, or no splat is left, the warp sums each row over its pixels;
//   3. every kRound splats, the block adds its warps' sums in the order of the warps and writes the instances.
// No sum depends on timing, so the results are bit-reproducible.
#pragma once

#include <cuda_pipeline.h>

#include "fragment.cuh"

namespace tame::gpu {

constexpr uint32_t kRows = 8;
constexpr uint32_t kTogether = 2;  // splats of which a warp computes the opacities at once

// What a Pass defines:
// - Record: only floats, one record per instance; output(args, slot, value) is the address of each float.
// - kRound: splats of a round; kBlocks: minimum blocks per multiprocessor; kSharedBytes: most shared memory of a block.
// - Rows: of a warp, in shared memory: a PixelRows, and what else the sums need.
// - Block: of a block, in shared memory: begin() sets it up.
// - State: of a pixel, all 0 outside the image. begin(args, at, checkpoint) sets it up before the segment's first
// splat;
//   blend(args, splat, fragment) returns what the pixel writes to a row.
// - Sums: of a lane. begin(rows, state) sets it up; add(rows, places, count, splats, left, top, block, records)
//   sums `count` rows into the records of the splats at `places`. (left, top): the centre of the warp's first pixel.

// Two numbers of each pixel of a warp for kRows splats. Padded: neither writing a row nor reading four neighbours of
// all rows has bank conflicts.
struct PixelRows {
  static constexpr uint32_t kStride = kWarp + 4;
  alignas(16) float2 values[kRows * kStride];
};

template <class Pass>
struct ReplayMemory {
  static constexpr int kValues = int(sizeof(typename Pass::Record) / sizeof(float));
  alignas(16) typename Pass::Rows rows[kTileWarps];
  typename Pass::Block block;
  Splat splats[2][Pass::kRound + 1];  // of this round and the next; the last one touches nothing
  uint32_t slots[2][Pass::kRound];
  typename Pass::Record records[kTileWarps][Pass::kRound];  // sums of each warp
  NearSplats near;                                          // those that a pixel of the warp may blend
  alignas(2) uint8_t places[kTileWarps][Pass::kRound + kTogether];
};

template <class Record>
__device__ __forceinline__ float* record_value(Record* records, uint32_t slot, int value) {
  constexpr size_t kValues = sizeof(Record) / sizeof(float);
  return reinterpret_cast<float*>(records) + size_t(slot) * kValues + size_t(value);
}

// Appends the places of a warp's near splats, bits from place `first` on, to a list; returns its length.
__device__ __forceinline__ uint32_t list_places(uint32_t near, uint32_t first, uint8_t* places, uint32_t listed) {
  const uint32_t lane = threadIdx.x % kWarp;
  if (near >> lane & 1u) places[listed + uint32_t(__popc(near & ((1u << lane) - 1u)))] = uint8_t(first + lane);
  return listed + uint32_t(__popc(near));
}

// Step 3: adds the warps' sums of a round's instances and writes them.
template <class Pass>
__device__ __forceinline__ void write_round(const ReplayMemory<Pass>& memory, int round, uint32_t instances,
                                            const BlendArgs& a) {
  constexpr int kValues = ReplayMemory<Pass>::kValues;
  for (int t = int(threadIdx.x); t < int(instances) * kValues; t += kTilePixels) {
    const int place = t / kValues, value = t % kValues;
    float sum = 0.f;
#pragma unroll kSumUnroll
    for (int w = 0; w < kTileWarps; ++w)
      if (memory.near.warps[(round * Pass::kRound + place) / kWarp][w] >> place % kWarp & 1u)
        sum += reinterpret_cast<const float*>(memory.records[w])[t];
    *Pass::output(a, memory.slots[round % 2][place], value) = sum;
  }
}

template <class Pass>
__global__ void __launch_bounds__(kTilePixels, Pass::kBlocks) replay_kernel(BlendArgs a) {
  static_assert(sizeof(ReplayMemory<Pass>) <= Pass::kSharedBytes, "kBlocks blocks fit the 100 KiB of smaller GPUs");
  if (a.counts->overflow != 0) return;
  const uint32_t segment = blockIdx.x;
  if (segment >= a.tile_segments[a.tiles - 1]) return;
  const uint32_t tile = a.segment_tiles[segment];
  const uint2 range = a.tile_ranges[tile];
  const uint32_t first = (segment - (tile == 0 ? 0 : a.tile_segments[tile - 1])) * kSegment;
  const uint32_t begin = range.x + first, count = min(range.y - begin, uint32_t(kSegment));
  const int thread = int(threadIdx.x), warp = thread / kWarp, lane = thread % kWarp;
  if (first >= a.tile_last[tile]) {  // every pixel was opaque before
    if (uint32_t(thread) >= count) return;
    const uint32_t slot = a.instances[begin + uint32_t(thread)].x;
#pragma unroll
    for (int v = 0; v < ReplayMemory<Pass>::kValues; ++v) *Pass::output(a, slot, v) = 0.f;
    return;
  }

  __shared__ ReplayMemory<Pass> memory;
  const int2 offset = tile_pixel(thread);
  const int tile_x = int(tile) % a.tiles_x * kTile, tile_y = int(tile) / a.tiles_x * kTile;
  const int x = tile_x + offset.x, y = tile_y + offset.y;
  const float pixel_x = float(x) + 0.5f, pixel_y = float(y) + 0.5f;
  const uint32_t warp_last = a.warp_last[tile * kTileWarps + uint32_t(warp)];
  typename Pass::State state = {};
  if (x < a.width && y < a.height) {
    const size_t at = size_t(y) * size_t(a.width) + size_t(x);
    float4 before = make_float4(0.f, 0.f, 0.f, 1.f);
    // The first segment of each tile has no checkpoint, so tile + 1 segments before this one have none.
    if (first != 0 && warp_last > first)
      before = a.checkpoints[size_t(segment - tile - 1) * kTilePixels + size_t(thread)];
    state.begin(a, at, before);
  }
  typename Pass::Sums sums;
  sums.begin(memory.rows[warp], state);
  memory.block.begin();
  if (thread < 2) {
    memory.splats[thread][Pass::kRound] = {};
    memory.splats[thread][Pass::kRound].log_opacity = -1000.f;
  }
  if (lane < kSegment / kWarp) {
    const uint32_t before = first + uint32_t(lane * kWarp);
    uint32_t near = warp_last > before ? a.near[segment].warps[lane][warp] : 0;
    if (warp_last < before + kWarp) near &= (1u << warp_last % kWarp) - 1u;
    memory.near.warps[lane][warp] = near;
  }

  // The r-th kRound threads load the splats of round r during the round before.
  const auto fetch = [&](int round) {
    if (thread / Pass::kRound != round || uint32_t(thread) >= count) return;
    const int place = thread % Pass::kRound;
    const uint2 instance = a.instances[begin + uint32_t(thread)];
    const float4* const from = reinterpret_cast<const float4*>(&a.splats[instance.y]);
    float4* const to = reinterpret_cast<float4*>(&memory.splats[round % 2][place]);
    for (size_t part = 0; part < sizeof(Splat) / sizeof(float4); ++part)
      __pipeline_memcpy_async(to + part, from + part, sizeof(float4));
    __pipeline_commit();
    memory.slots[round % 2][place] = instance.x;
  };
  fetch(0);
  const int rounds = (int(count) + Pass::kRound - 1) / Pass::kRound;
  for (int round = 0; round < rounds; ++round) {
    __pipeline_wait_prior(0);
    __syncthreads();  // the round's splats are loaded; the sums of the last round are written
    fetch(round + 1);
    const Splat* const splats = memory.splats[round % 2];
    const uint32_t in_round = min(count - uint32_t(round * Pass::kRound), uint32_t(Pass::kRound));
    uint8_t* const places = memory.places[warp];
    uint32_t listed = 0;
#pragma unroll
    for (int word = 0; word < Pass::kRound / kWarp; ++word) {
      const uint32_t near = memory.near.warps[round * (Pass::kRound / kWarp) + word][warp];
      listed = list_places(near, uint32_t(word * kWarp), places, listed);
    }
    if (lane < int(kTogether)) places[listed + uint32_t(lane)] = Pass::kRound;
    __syncwarp();
    for (uint32_t batch = 0; batch < listed; batch += kRows) {
      const uint32_t rows = min(listed - batch, kRows);
#pragma unroll
      for (uint32_t row = 0; row < kRows; row += kTogether) {
        if (row >= rows) break;
        const uint32_t two = *reinterpret_cast<const uint16_t*>(places + batch + row);
        const uint32_t place[kTogether] = {two & 0xffu, two >> 8};
        Fragment fragments[kTogether];
        for (uint32_t n = 0; n < kTogether; ++n) fragments[n] = fragment(splats[place[n]], pixel_x, pixel_y);
        for (uint32_t n = 0; n < kTogether; ++n)
          memory.rows[warp].values[(row + n) * PixelRows::kStride + uint32_t(lane)] =
              state.blend(a, splats[place[n]], fragments[n]);
      }
      __syncwarp();
      const float left = __shfl_sync(kFullWarp, pixel_x, 0), top = __shfl_sync(kFullWarp, pixel_y, 0);
      sums.add(memory.rows[warp], places + batch, rows, splats, left, top, memory.block, memory.records[warp]);
      __syncwarp();
    }
    __syncthreads();
    write_round(memory, round, in_round, a);
  }
}

}  // namespace tame::gpu
