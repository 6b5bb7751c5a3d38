// Exact nearest neighbours. All at once: points sorted along a Morton curve (Morton 1966) under a hierarchy of bounding
// boxes, 32 to 1; a query walks down the boxes that may still hold a nearer point. In batches: every query against
// every point, which needs next to no memory. Both gather the smallest distances ascending and sum them in that order,
// so they agree to the bit.
#include <algorithm>
#include <cfloat>
#include <vector>

#include "device.h"
#include "sort.h"

namespace tame::gpu {

namespace {

constexpr uint32_t kMaxNeighbours = 16;
constexpr uint32_t kThreads = 128;
constexpr uint32_t kFan = 32;               // points a lowest box, boxes a box above
constexpr int kMaxLevels = 7;               // 32^7 exceeds any count
constexpr uint32_t kTilePoints = 1u << 16;  // points on the device at a time in the batched search

struct Box {
  float low[3], high[3];
};

struct Nearest {
  uint32_t wanted, found;
  float d2[kMaxNeighbours];
  __device__ float worst() const { return found < wanted ? FLT_MAX : d2[wanted - 1]; }
  __device__ void offer(float value) {
    if (found == wanted && !(value < d2[wanted - 1])) return;
    uint32_t at = found < wanted ? found++ : wanted - 1;
    for (; at > 0 && d2[at - 1] > value; --at) d2[at] = d2[at - 1];
    d2[at] = value;
  }
  __device__ float mean() const {
    float sum = 0;
    for (uint32_t k = 0; k < found; ++k) sum += d2[k];
    return found == 0 ? 0.f : sum / float(found);
  }
};

// Written out without fused operations: both searches must round alike.
__device__ __forceinline__ float distance2(float ax, float ay, float az, float bx, float by, float bz) {
  const float dx = __fsub_rn(ax, bx), dy = __fsub_rn(ay, by), dz = __fsub_rn(az, bz);
  return __fadd_rn(__fadd_rn(__fmul_rn(dx, dx), __fmul_rn(dy, dy)), __fmul_rn(dz, dz));
}

// Squared distance to a box, rounded as distance2 rounds: never more than to any point inside.
__device__ __forceinline__ float box_distance2(const Box& box, const float x[3]) {
  float d[3];
  for (int k = 0; k < 3; ++k) d[k] = fmaxf(0.f, fmaxf(__fsub_rn(box.low[k], x[k]), __fsub_rn(x[k], box.high[k])));
  return __fadd_rn(__fadd_rn(__fmul_rn(d[0], d[0]), __fmul_rn(d[1], d[1])), __fmul_rn(d[2], d[2]));
}

__device__ uint32_t spread(uint32_t v) {  // ten bits, two zeros after each
  v = (v | v << 16) & 0x030000ffu;
  v = (v | v << 8) & 0x0300f00fu;
  v = (v | v << 4) & 0x030c30c3u;
  return (v | v << 2) & 0x09249249u;
}

__global__ void morton_kernel(const float* points, uint32_t count, Box bounds, uint32_t* codes, uint32_t* order) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  uint32_t code = 0;
  for (int k = 0; k < 3; ++k) {
    const float extent = bounds.high[k] - bounds.low[k];
    const float share = extent > 0.f ? (points[3 * size_t(i) + size_t(k)] - bounds.low[k]) / extent : 0.f;
    code |= spread(uint32_t(fminf(fmaxf(share, 0.f), 1.f) * 1023.f)) << k;
  }
  codes[i] = code;
  order[i] = i;
}

__global__ void gather_kernel(const float* points, const uint32_t* order, uint32_t count, float4* sorted) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const size_t from = 3 * size_t(order[i]);
  sorted[i] = make_float4(points[from], points[from + 1], points[from + 2], __uint_as_float(order[i]));
}

__global__ void leaf_boxes_kernel(const float4* points, uint32_t count, Box* boxes, uint32_t box_count) {
  const uint32_t b = blockIdx.x * blockDim.x + threadIdx.x;
  if (b >= box_count) return;
  Box box = {{FLT_MAX, FLT_MAX, FLT_MAX}, {-FLT_MAX, -FLT_MAX, -FLT_MAX}};
  for (uint32_t i = b * kFan; i < min(count, (b + 1) * kFan); ++i) {
    const float x[3] = {points[i].x, points[i].y, points[i].z};
    for (int k = 0; k < 3; ++k) {
      box.low[k] = fminf(box.low[k], x[k]);
      box.high[k] = fmaxf(box.high[k], x[k]);
    }
  }
  boxes[b] = box;
}

__global__ void merge_boxes_kernel(const Box* below, uint32_t below_count, Box* boxes, uint32_t box_count) {
  const uint32_t b = blockIdx.x * blockDim.x + threadIdx.x;
  if (b >= box_count) return;
  Box box = below[b * kFan];
  for (uint32_t i = b * kFan + 1; i < min(below_count, (b + 1) * kFan); ++i)
    for (int k = 0; k < 3; ++k) {
      box.low[k] = fminf(box.low[k], below[i].low[k]);
      box.high[k] = fmaxf(box.high[k], below[i].high[k]);
    }
  boxes[b] = box;
}

struct Hierarchy {
  const float4* points;  // w: bits of the caller's index
  uint32_t count;
  int levels;
  const Box* boxes[kMaxLevels];  // [0]: over points
  uint32_t sizes[kMaxLevels];
};

__global__ void __launch_bounds__(kThreads) search_kernel(Hierarchy h, uint32_t neighbours, float* mean_dist2) {
  const uint32_t self = blockIdx.x * blockDim.x + threadIdx.x;
  if (self >= h.count) return;
  const float4 me = h.points[self];
  const float x[3] = {me.x, me.y, me.z};
  Nearest nearest = {neighbours, 0, {}};
  const auto scan_leaf = [&](uint32_t leaf) {
    for (uint32_t i = leaf * kFan; i < min(h.count, (leaf + 1) * kFan); ++i) {
      if (i == self) continue;
      const float4 p = h.points[i];
      nearest.offer(distance2(p.x, p.y, p.z, me.x, me.y, me.z));
    }
  };
  const uint32_t own = self / kFan;
  scan_leaf(own);  // neighbours on the curve give a good first bound

  // Depth first: cursor[level] is the next box of that level to look at, up to the end of its parent's children.
  uint32_t cursor[kMaxLevels], end[kMaxLevels];
  int level = h.levels - 1;
  cursor[level] = 0;
  end[level] = h.sizes[level];
  while (level < h.levels) {
    if (cursor[level] == end[level]) {
      ++level;
      continue;
    }
    const uint32_t box = cursor[level]++;
    if (nearest.found == neighbours && !(box_distance2(h.boxes[level][box], x) < nearest.worst())) continue;
    if (level == 0) {
      if (box != own) scan_leaf(box);
      continue;
    }
    --level;
    cursor[level] = box * kFan;
    end[level] = min(h.sizes[level], (box + 1) * kFan);
  }
  mean_dist2[__float_as_uint(me.w)] = nearest.mean();
}

// One thread a query of the batch; `nearest` lives in device memory between tiles of points.
__global__ void __launch_bounds__(kThreads)
    brute_kernel(const float* queries, uint32_t first_query, uint32_t query_count, const float* points,
                 uint32_t first_point, uint32_t point_count, uint32_t neighbours, Nearest* kept, float* mean_dist2) {
  __shared__ float tile[kThreads][3];
  const uint32_t q = blockIdx.x * kThreads + threadIdx.x;
  const bool active = q < query_count;
  float x[3] = {};
  Nearest nearest = {neighbours, 0, {}};
  if (active) {
    for (int k = 0; k < 3; ++k) x[k] = queries[3 * size_t(q) + size_t(k)];
    if (first_point != 0) nearest = kept[q];
  }
  for (uint32_t base = 0; base < point_count; base += kThreads) {
    __syncthreads();
    if (base + threadIdx.x < point_count)
      for (int k = 0; k < 3; ++k) tile[threadIdx.x][k] = points[3 * size_t(base + threadIdx.x) + size_t(k)];
    __syncthreads();
    if (!active) continue;
    for (uint32_t t = 0; t < min(kThreads, point_count - base); ++t)
      if (first_point + base + t != first_query + q)
        nearest.offer(distance2(tile[t][0], tile[t][1], tile[t][2], x[0], x[1], x[2]));
  }
  if (!active) return;
  kept[q] = nearest;
  mean_dist2[q] = nearest.mean();
}

uint64_t hierarchy_bytes(uint32_t count) {
  uint64_t bytes = uint64_t(count) * (3 * sizeof(float) + 4 * sizeof(uint32_t) + sizeof(float4) + sizeof(float));
  for (uint64_t boxes = count; boxes > 1;) bytes += (boxes = (boxes + kFan - 1) / kFan) * sizeof(Box);
  return bytes + sort_scratch_bytes(count);
}

uint64_t batch_bytes(uint32_t count, uint32_t batch) {
  return uint64_t(std::min(count, batch)) * (3 * sizeof(float) + sizeof(Nearest) + sizeof(float)) +
         uint64_t(std::min(count, kTilePoints)) * 3 * sizeof(float);
}

void search_all(GpuDevice& device, const float* host_points, uint32_t count, uint32_t neighbours, float* mean_dist2) {
  const cudaStream_t stream = device.stream();
  Ledger& ledger = device.ledger();
  const auto over = [](uint32_t n) { return blocks_for(n, kThreads); };
  Box bounds = {{FLT_MAX, FLT_MAX, FLT_MAX}, {-FLT_MAX, -FLT_MAX, -FLT_MAX}};
  for (size_t i = 0; i < count; ++i)
    for (size_t k = 0; k < 3; ++k) {
      bounds.low[k] = std::min(bounds.low[k], host_points[3 * i + k]);
      bounds.high[k] = std::max(bounds.high[k], host_points[3 * i + k]);
    }
  DeviceBuffer<float> points(ledger, TAME_PURPOSE_OTHER, 3 * size_t(count));
  DeviceBuffer<uint32_t> codes(ledger, TAME_PURPOSE_OTHER, count), order(ledger, TAME_PURPOSE_OTHER, count);
  DeviceBuffer<uint32_t> sorted_codes(ledger, TAME_PURPOSE_OTHER, count), curve(ledger, TAME_PURPOSE_OTHER, count);
  DeviceBuffer<float4> sorted(ledger, TAME_PURPOSE_OTHER, count);
  DeviceBuffer<float> result(ledger, TAME_PURPOSE_OTHER, count);
  DeviceBuffer<uint8_t> scratch(ledger, TAME_PURPOSE_OTHER, sort_scratch_bytes(count));
  check(cudaMemcpyAsync(points.data(), host_points, points.bytes(), cudaMemcpyHostToDevice, stream), "upload points");
  morton_kernel<<<over(count), kThreads, 0, stream>>>(points.data(), count, bounds, codes.data(), order.data());
  check_launch("launch morton_kernel");
  sort_pairs(scratch.data(), scratch.bytes(), codes.data(), sorted_codes.data(), order.data(), curve.data(), count, 30,
             stream);
  gather_kernel<<<over(count), kThreads, 0, stream>>>(points.data(), curve.data(), count, sorted.data());
  check_launch("launch gather_kernel");

  Hierarchy h = {sorted.data(), count, 0, {}, {}};
  std::vector<DeviceBuffer<Box>> levels;
  levels.reserve(kMaxLevels);
  uint32_t below = count;
  do {
    const uint32_t size = (below - 1) / kFan + 1;
    levels.emplace_back(ledger, TAME_PURPOSE_OTHER, size);
    if (h.levels == 0)
      leaf_boxes_kernel<<<over(size), kThreads, 0, stream>>>(sorted.data(), count, levels.back().data(), size);
    else
      merge_boxes_kernel<<<over(size), kThreads, 0, stream>>>(h.boxes[h.levels - 1], below, levels.back().data(), size);
    check_launch("launch boxes kernel");
    h.boxes[h.levels] = levels.back().data();
    h.sizes[h.levels++] = below = size;
  } while (below > kFan);
  search_kernel<<<over(count), kThreads, 0, stream>>>(h, neighbours, result.data());
  check_launch("launch search_kernel");
  check(cudaMemcpyAsync(mean_dist2, result.data(), result.bytes(), cudaMemcpyDeviceToHost, stream),
        "download distances");
  device.stream().wait();
}

void search_in_batches(GpuDevice& device, const float* host_points, uint32_t count, uint32_t neighbours, uint32_t batch,
                       float* mean_dist2) {
  const cudaStream_t stream = device.stream();
  Ledger& ledger = device.ledger();
  const uint32_t queries_at_once = std::min(count, batch), points_at_once = std::min(count, kTilePoints);
  DeviceBuffer<float> queries(ledger, TAME_PURPOSE_OTHER, 3 * size_t(queries_at_once));
  DeviceBuffer<float> points(ledger, TAME_PURPOSE_OTHER, 3 * size_t(points_at_once));
  DeviceBuffer<Nearest> kept(ledger, TAME_PURPOSE_OTHER, queries_at_once);
  DeviceBuffer<float> result(ledger, TAME_PURPOSE_OTHER, queries_at_once);
  const auto upload = [&](DeviceBuffer<float>& to, uint32_t first, uint32_t rows) {
    check(cudaMemcpyAsync(to.data(), host_points + 3 * size_t(first), 3 * size_t(rows) * sizeof(float),
                          cudaMemcpyHostToDevice, stream),
          "upload points");
  };
  for (uint32_t first = 0; first < count;) {
    const uint32_t rows = std::min(count - first, queries_at_once);
    upload(queries, first, rows);
    for (uint32_t point = 0; point < count;) {
      const uint32_t tile = std::min(count - point, points_at_once);
      upload(points, point, tile);
      brute_kernel<<<blocks_for(rows, kThreads), kThreads, 0, stream>>>(
          queries.data(), first, rows, points.data(), point, tile, neighbours, kept.data(), result.data());
      check_launch("launch brute_kernel");
      point += tile;
    }
    check(cudaMemcpyAsync(mean_dist2 + first, result.data(), rows * sizeof(float), cudaMemcpyDeviceToHost, stream),
          "download distances");
    device.stream().wait();
    first += rows;
  }
}

}  // namespace

void GpuDevice::knn_mean_dist2(const float* points, uint32_t count, uint32_t neighbours, uint32_t batch,
                               uint64_t byte_limit, float* mean_dist2) {
  if (count == 0) return;
  use([&] {
    const uint64_t bytes = batch == 0 ? hierarchy_bytes(count) : batch_bytes(count, batch);
    if (byte_limit != 0 && bytes > byte_limit) Ledger::refuse(TAME_PURPOSE_OTHER, bytes, byte_limit);
    if (batch == 0)
      search_all(*this, points, count, neighbours, mean_dist2);
    else
      search_in_batches(*this, points, count, neighbours, batch, mean_dist2);
  });
}

}  // namespace tame::gpu
