// Repeats the forward pass for sums per (tile, splat) instance: one block per segment of a tile's list, one thread per
// pixel, as in the forward pass. Mallick et al. 2024 assign each lane a splat and iterate over pixels; here warps skip
// the splats that miss their pixels, and sums over pixels go through shared memory, transposed:
//   1. a warp processes its splats in order; for each, every lane writes two numbers to a row of shared memory;
//   2. when kRows rows are full, four lanes per row sum over its pixels;
//   3. every kWarp splats, the block adds its warps' sums in the order of the warps and writes the instances.
// No sum depends on timing, so the results are bit-reproducible.
#pragma once

#include <cuda_pipeline.h>

#include "fragment.cuh"

namespace tame::gpu {

constexpr int kRows = 8;
constexpr int kRowLanes = kWarp / kRows;       // lanes that sum a row
constexpr int kRowPixels = kWarp / kRowLanes;  // pixels each of them sums: one line of the warp's pixels
static_assert(kRowPixels == kSubTileWidth, "a lane's share of a row is one line of pixels");

// What a Pass defines:
//   Record: only floats, one record per instance; output(args, slot, value) is the address of each float;
//   kBlocks: minimum blocks per multiprocessor;
//   Pixels: planes of per-pixel data of a warp, in shared memory, 0 outside the image;
//   State: of a pixel; begin(args, at, checkpoint, pixels, lane) sets it up before the segment's first splat;
//   State::blend(args, splat, fragment, taken): the two numbers of a fragment; taken: false if the pixel skips the
//     splat;
//   Sum: of a lane's share of a row: add(column, values, pixels, pixel, splat, left, y), then finish(splat, left, y)
//     returns the Record; (left, y) is the centre of the share's first pixel.
template <class Pass>
struct ReplayMemory {
  static constexpr int kValues = int(sizeof(typename Pass::Record) / sizeof(float));
  alignas(16) float2 rows[kTileWarps][kRows * kWarp];
  Splat splats[2][kWarp];  // of this round and the next
  alignas(16) typename Pass::Pixels pixels[kTileWarps];
  uint32_t slots[2][kWarp];
  float sums[kTileWarps][kWarp * kValues];
  uint32_t touched[kTileWarps];
  uint8_t row_splats[kTileWarps][kRows];  // each row's splat
};

template <class Record>
__device__ __forceinline__ float* record_value(Record* records, uint32_t slot, int value) {
  constexpr size_t kValues = sizeof(Record) / sizeof(float);
  return reinterpret_cast<float*>(records) + size_t(slot) * kValues + size_t(value);
}

// The position of a pixel's numbers in row r is place_in_rows(pixel) ^ row_offset(r): neither step 1, nor step 2, which
// reads two pixels at a time, has bank conflicts.
__device__ __forceinline__ uint32_t place_in_rows(uint32_t pixel) {
  return pixel ^ (pixel / 16 * 4);
}
__device__ __forceinline__ constexpr uint32_t row_offset(uint32_t row) {
  return row * (kWarp + 2);
}

// Step 2: the sums of the rows, which belong to the splats `batch` of the round, in order.
template <class Pass>
__device__ __forceinline__ void sum_rows(ReplayMemory<Pass>& memory, int round, uint32_t batch, float left, float top) {
  const int warp = int(threadIdx.x) / kWarp, lane = int(threadIdx.x) % kWarp;
  const int row = lane / kRowLanes, line = lane % kRowLanes, rows = __popc(batch);
  if (batch >> lane & 1u) memory.row_splats[warp][__popc(batch & ((1u << lane) - 1u))] = uint8_t(lane);
  __syncwarp();
  const int place = memory.row_splats[warp][row];
  typename Pass::Record record = {};
  if (row < rows) {
    const Splat& s = memory.splats[round % 2][place];
    const uint32_t at = place_in_rows(uint32_t(line * kRowPixels)) ^ row_offset(uint32_t(row));
    typename Pass::Sum sum = {};
#pragma unroll
    for (int column = 0; column < kRowPixels; column += 2) {
      const float4 two = *reinterpret_cast<const float4*>(&memory.rows[warp][at ^ uint32_t(column)]);
      const int pixel = line * kRowPixels + column;
      sum.add(column, make_float2(two.x, two.y), memory.pixels[warp], pixel, s, left, top + float(line));
      sum.add(column + 1, make_float2(two.z, two.w), memory.pixels[warp], pixel + 1, s, left, top + float(line));
    }
    record = sum.finish(s, left, top + float(line));
  }
  float* const values = reinterpret_cast<float*>(&record);
  constexpr int kValues = ReplayMemory<Pass>::kValues;
#pragma unroll
  for (int v = 0; v < kValues; ++v) {
#pragma unroll
    for (int step = 1; step < kRowLanes; step *= 2) values[v] += __shfl_xor_sync(kFullWarp, values[v], step);
    if (row < rows && line == 0) memory.sums[warp][place * kValues + v] = values[v];
  }
  __syncwarp();
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
      if (memory.touched[w] >> place & 1u) sum += memory.sums[w][t];
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
  // Centre of the warp's first pixel.
  const float left = float(tile_x + offset.x - lane % kSubTileWidth) + 0.5f;
  const float top = float(tile_y + offset.y - lane / kSubTileWidth) + 0.5f;

  typename Pass::State state = {};
  uint32_t last = 0;
  if (x < a.width && y < a.height) {
    const size_t at = size_t(y) * size_t(a.width) + size_t(x);
    last = a.last[at];
    float4 before = make_float4(0.f, 0.f, 0.f, 1.f);
    // The first segment of each tile has no checkpoint, so tile + 1 segments before this one have none.
    if (first != 0 && last > first) before = a.checkpoints[size_t(segment - tile - 1) * kTilePixels + size_t(thread)];
    state.begin(a, at, before, memory.pixels[warp], lane);
  } else {
    for (auto& plane : memory.pixels[warp]) plane[lane] = 0.f;
  }
  const uint32_t lane_place = place_in_rows(uint32_t(lane));
  const uint32_t warp_last = __reduce_max_sync(kFullWarp, last);

  // Warp r of the block loads the splats of round r during the round before.
  const auto fetch = [&](int round) {
    if (warp != round || uint32_t(thread) >= count) return;
    const uint2 instance = a.instances[begin + uint32_t(thread)];
    const float4* const from = reinterpret_cast<const float4*>(&a.splats[instance.y]);
    float4* const to = reinterpret_cast<float4*>(&memory.splats[round % 2][lane]);
    for (size_t part = 0; part < sizeof(Splat) / sizeof(float4); ++part)
      __pipeline_memcpy_async(to + part, from + part, sizeof(float4));
    __pipeline_commit();
    memory.slots[round % 2][lane] = instance.x;
  };
  fetch(0);
  const int rounds = int((count + kWarp - 1) / kWarp);
  for (int round = 0; round < rounds; ++round) {
    __pipeline_wait_prior(0);
    __syncthreads();  // the round's splats are loaded; the sums of the last round are written
    fetch(round + 1);
    const uint32_t round_first = first + uint32_t(round * kWarp);
    const uint32_t in_round = min(count - uint32_t(round * kWarp), uint32_t(kWarp));
    const uint32_t last_in_round = max(last, round_first) - round_first;
    const bool near = uint32_t(lane) < in_round && round_first + uint32_t(lane) < warp_last &&
                      near_warp(memory.splats[round % 2][lane], left, top);
    unsigned touched = __ballot_sync(kFullWarp, near), summed = 0;
    uint32_t row = 0;
    for (unsigned todo = touched; todo != 0;) {
      const unsigned rest = todo & (todo - 1), place = uint32_t(__ffs(int(todo)) - 1);
      const Splat& s = memory.splats[round % 2][place];
      const Fragment f = fragment(s, pixel_x, pixel_y);
      const bool taken = f.touches && place < last_in_round;
      if (__any_sync(kFullWarp, taken))
        memory.rows[warp][lane_place ^ row_offset(row++)] = state.blend(a, s, f, taken);
      else
        touched ^= todo ^ rest;
      todo = rest;
      if (row == kRows || (todo == 0 && row != 0)) {
        sum_rows(memory, round, touched & ~todo & ~summed, left, top);
        summed = ~todo;
        row = 0;
      }
    }
    if (lane == 0) memory.touched[warp] = touched;
    __syncthreads();
    write_round(memory, round, in_round, a);
  }
}

}  // namespace tame::gpu
