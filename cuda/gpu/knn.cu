// Exact nearest neighbours: points sorted along a Morton curve (Morton 1966) with a hierarchy of bounding boxes, 32 to
// 1; a query descends into the boxes that may still contain a nearer point. The smallest distances are kept ascending
// and summed in that order, independent of the traversal, so batches do not change a bit. The curve is sorted on the
// device with only keys and order, or with batches on the host; the host then uploads the points in that order, so that
// keys and points are never on the device together.
#include <algorithm>
#include <cfloat>
#include <cmath>
#include <utility>
#include <vector>

#include "device.h"
#include "sort.h"

namespace tame::gpu {

namespace {

constexpr uint32_t kMaxNeighbours = 16;
constexpr uint32_t kThreads = 128;
constexpr uint32_t kFan = 32;          // points per lowest box, boxes per higher box
constexpr int kMaxLevels = 7;          // 32^7 exceeds any count
constexpr uint32_t kChunk = 1u << 18;  // points uploaded at a time

struct Box {
  float low[3], high[3];
};

struct Nearest {
  uint32_t wanted, found;
  float d2[kMaxNeighbours];
  __device__ float worst() const { return found < wanted ? INFINITY : d2[wanted - 1]; }
  __device__ void offer(float value) {
    if (!(value < worst())) return;
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

// Without fused operations, so that it rounds like the CPU backend and box_distance2.
__device__ __forceinline__ float distance2(float ax, float ay, float az, float bx, float by, float bz) {
  const float dx = __fsub_rn(ax, bx), dy = __fsub_rn(ay, by), dz = __fsub_rn(az, bz);
  return __fadd_rn(__fadd_rn(__fmul_rn(dx, dx), __fmul_rn(dy, dy)), __fmul_rn(dz, dz));
}

// Squared distance to a box, rounded like distance2: never more than to any point inside.
__device__ __forceinline__ float box_distance2(const Box& box, const float x[3]) {
  float d[3];
  for (int k = 0; k < 3; ++k) d[k] = fmaxf(0.f, fmaxf(__fsub_rn(box.low[k], x[k]), __fsub_rn(x[k], box.high[k])));
  return __fadd_rn(__fadd_rn(__fmul_rn(d[0], d[0]), __fmul_rn(d[1], d[1])), __fmul_rn(d[2], d[2]));
}

constexpr int kCurveBits = 21;  // per axis: fine enough for a dense cloud with a few points far away

__host__ __device__ uint64_t spread(uint64_t v) {  // 21 bits, two zeros after each
  v = (v | v << 32) & 0x001f00000000ffffull;
  v = (v | v << 16) & 0x001f0000ff0000ffull;
  v = (v | v << 8) & 0x100f00f00f00f00full;
  v = (v | v << 4) & 0x10c30c30c30c30c3ull;
  return (v | v << 2) & 0x1249249249249249ull;
}

__host__ __device__ uint64_t curve_place(const float x[3], const Box& bounds) {
  uint64_t code = 0;
  for (int k = 0; k < 3; ++k) {
    const float extent = bounds.high[k] - bounds.low[k];
    const float share = extent > 0.f ? (x[k] - bounds.low[k]) / extent : 0.f;
    code |= spread(uint64_t(fminf(fmaxf(share, 0.f), 1.f) * float((1 << kCurveBits) - 1))) << k;
  }
  return code;
}

// points: `rows` of them, the caller's first .. first + rows - 1.
__global__ void morton_kernel(const float* points, uint32_t first, uint32_t rows, Box bounds, uint64_t* codes,
                              uint32_t* order) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= rows) return;
  codes[first + i] = curve_place(points + 3 * size_t(i), bounds);
  order[first + i] = first + i;
}

__global__ void leaf_boxes_kernel(const float* points, uint32_t count, Box* boxes, uint32_t box_count) {
  const uint32_t b = blockIdx.x * blockDim.x + threadIdx.x;
  if (b >= box_count) return;
  Box box = {{FLT_MAX, FLT_MAX, FLT_MAX}, {-FLT_MAX, -FLT_MAX, -FLT_MAX}};
  for (uint32_t i = b * kFan; i < min(count, (b + 1) * kFan); ++i) {
    const float* x = points + 3 * size_t(i);
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
  const float* points;  // along the curve
  uint32_t count;
  int levels;
  const Box* boxes[kMaxLevels];  // [0]: over points
  uint32_t sizes[kMaxLevels];
};

// Queries first .. first + rows - 1 along the curve.
__global__ void __launch_bounds__(kThreads)
    search_kernel(Hierarchy h, uint32_t neighbours, uint32_t first, uint32_t rows, float* mean_dist2) {
  const uint32_t row = blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= rows) return;
  const uint32_t self = first + row;
  const float x[3] = {h.points[3 * size_t(self)], h.points[3 * size_t(self) + 1], h.points[3 * size_t(self) + 2]};
  Nearest nearest = {neighbours, 0, {}};
  const auto scan_leaf = [&](uint32_t leaf) {
    for (uint32_t i = leaf * kFan; i < min(h.count, (leaf + 1) * kFan); ++i) {
      if (i == self) continue;
      const float* p = h.points + 3 * size_t(i);
      nearest.offer(distance2(p[0], p[1], p[2], x[0], x[1], x[2]));
    }
  };
  const uint32_t own = self / kFan;
  scan_leaf(own);  // neighbours on the curve give a good first bound

  // Depth first: cursor[level] is the next box of that level to visit, up to the end of its parent's children.
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
  mean_dist2[row] = nearest.mean();
}

uint64_t hierarchy_boxes(uint32_t count) {
  uint64_t total = 0;
  for (uint64_t boxes = count; boxes > 1;) total += boxes = (boxes + kFan - 1) / kFan;
  return std::max<uint64_t>(total, 1);
}

uint64_t sorting_bytes(uint32_t count) {
  return uint64_t(count) * 2 * (sizeof(uint64_t) + sizeof(uint32_t)) + std::min(count, kChunk) * 3 * sizeof(float) +
         sort_scratch_bytes(count);
}

uint64_t searching_bytes(uint32_t count, uint32_t batch) {
  return uint64_t(count) * 3 * sizeof(float) + hierarchy_boxes(count) * sizeof(Box) + uint64_t(batch) * sizeof(float);
}

Box bounds_of(const float* points, uint32_t count) {
  Box bounds = {{FLT_MAX, FLT_MAX, FLT_MAX}, {-FLT_MAX, -FLT_MAX, -FLT_MAX}};
  for (size_t i = 0; i < count; ++i)
    for (size_t k = 0; k < 3; ++k) {
      bounds.low[k] = std::min(bounds.low[k], points[3 * i + k]);
      bounds.high[k] = std::max(bounds.high[k], points[3 * i + k]);
    }
  return bounds;
}

// The caller's indices along the curve.
std::vector<uint32_t> sort_on_device(GpuDevice& device, const float* points, uint32_t count) {
  const cudaStream_t stream = device.stream();
  Ledger& ledger = device.ledger();
  const Box bounds = bounds_of(points, count);
  DeviceBuffer<float> chunk(ledger, TAME_PURPOSE_OTHER, 3 * size_t(std::min(count, kChunk)));
  DeviceBuffer<uint64_t> codes(ledger, TAME_PURPOSE_OTHER, count), codes_other(ledger, TAME_PURPOSE_OTHER, count);
  DeviceBuffer<uint32_t> order(ledger, TAME_PURPOSE_OTHER, count), order_other(ledger, TAME_PURPOSE_OTHER, count);
  DeviceBuffer<uint8_t> scratch(ledger, TAME_PURPOSE_OTHER, sort_scratch_bytes(count));
  for (uint32_t first = 0; first < count; first += kChunk) {
    const uint32_t rows = std::min(count - first, kChunk);
    check(cudaMemcpyAsync(chunk.data(), points + 3 * size_t(first), 3 * size_t(rows) * sizeof(float),
                          cudaMemcpyHostToDevice, stream),
          "upload points");
    morton_kernel<<<blocks_for(rows, kThreads), kThreads, 0, stream>>>(chunk.data(), first, rows, bounds, codes.data(),
                                                                       order.data());
    check_launch("launch morton_kernel");
  }
  uint64_t* const keys[2] = {codes.data(), codes_other.data()};
  uint32_t* const values[2] = {order.data(), order_other.data()};
  const int sorted = sort_pairs(scratch.data(), scratch.bytes(), keys, values, count, 3 * kCurveBits, stream);
  std::vector<uint32_t> curve(count);
  check(cudaMemcpyAsync(curve.data(), values[sorted], count * sizeof(uint32_t), cudaMemcpyDeviceToHost, stream),
        "download the order of the points");
  device.stream().wait();
  return curve;
}

// The same without device memory.
std::vector<uint32_t> sort_on_host(const float* points, uint32_t count) {
  const Box bounds = bounds_of(points, count);
  std::vector<std::pair<uint64_t, uint32_t>> places(count);
  for (uint32_t i = 0; i < count; ++i) places[i] = {curve_place(points + 3 * size_t(i), bounds), i};
  std::sort(places.begin(), places.end());
  std::vector<uint32_t> curve(count);
  for (uint32_t i = 0; i < count; ++i) curve[i] = places[i].second;
  return curve;
}

void search(GpuDevice& device, const float* host_points, const std::vector<uint32_t>& curve, uint32_t neighbours,
            uint32_t batch, float* mean_dist2) {
  const cudaStream_t stream = device.stream();
  Ledger& ledger = device.ledger();
  const uint32_t count = uint32_t(curve.size());
  DeviceBuffer<float> points(ledger, TAME_PURPOSE_OTHER, 3 * size_t(count));
  DeviceBuffer<Box> boxes(ledger, TAME_PURPOSE_OTHER, hierarchy_boxes(count));
  DeviceBuffer<float> results(ledger, TAME_PURPOSE_OTHER, batch);
  std::vector<float> rows(3 * size_t(std::min(count, kChunk)));
  for (uint32_t first = 0; first < count; first += kChunk) {
    const uint32_t chunk = std::min(count - first, kChunk);
    for (size_t i = 0; i < chunk; ++i)
      for (size_t k = 0; k < 3; ++k) rows[3 * i + k] = host_points[3 * size_t(curve[first + i]) + k];
    check(cudaMemcpyAsync(points.data() + 3 * size_t(first), rows.data(), 3 * size_t(chunk) * sizeof(float),
                          cudaMemcpyHostToDevice, stream),
          "upload points");
    device.stream().wait();  // before `rows` is filled again
  }

  Hierarchy h = {points.data(), count, 0, {}, {}};
  Box* level = boxes.data();
  uint32_t below = count;
  do {
    const uint32_t size = (below - 1) / kFan + 1;
    if (h.levels == 0)
      leaf_boxes_kernel<<<blocks_for(size, kThreads), kThreads, 0, stream>>>(points.data(), count, level, size);
    else
      merge_boxes_kernel<<<blocks_for(size, kThreads), kThreads, 0, stream>>>(h.boxes[h.levels - 1], below, level,
                                                                              size);
    check_launch("launch boxes kernel");
    h.boxes[h.levels] = level;
    h.sizes[h.levels++] = below = size;
    level += size;
  } while (below > kFan);

  std::vector<float> found(batch);
  for (uint32_t first = 0; first < count;) {
    const uint32_t queries = std::min(count - first, batch);
    search_kernel<<<blocks_for(queries, kThreads), kThreads, 0, stream>>>(h, neighbours, first, queries,
                                                                          results.data());
    check_launch("launch search_kernel");
    check(cudaMemcpyAsync(found.data(), results.data(), queries * sizeof(float), cudaMemcpyDeviceToHost, stream),
          "download distances");
    device.stream().wait();
    for (uint32_t i = 0; i < queries; ++i) mean_dist2[curve[first + i]] = found[i];
    first += queries;
  }
}

}  // namespace

void GpuDevice::knn_mean_dist2(const float* points, uint32_t count, uint32_t neighbours, uint32_t batch,
                               uint64_t byte_limit, float* mean_dist2) {
  if (count == 0) return;
  use([&] {
    const uint32_t at_once = batch == 0 ? count : std::min(batch, count);
    const uint64_t searching = searching_bytes(count, at_once);
    const uint64_t bytes = batch == 0 ? std::max(sorting_bytes(count), searching) : searching;
    if (byte_limit != 0 && bytes > byte_limit) Ledger::throw_out_of_memory(TAME_PURPOSE_OTHER, bytes, byte_limit);
    const std::vector<uint32_t> curve = batch == 0 ? sort_on_device(*this, points, count) : sort_on_host(points, count);
    search(*this, points, curve, neighbours, at_once, mean_dist2);
  });
}

}  // namespace tame::gpu
