// Exact nearest neighbours by a balanced k-d tree (Bentley 1975) over a permutation of the points: node k of a level is
// the k-th equal part of the permutation, so the tree needs no pointers. Distances are kept ascending and summed in
// that order, independent of the search order, so neither threads nor batches change a bit.
#include <algorithm>
#include <limits>

#include "device.h"

namespace tame::cpu {

namespace {

constexpr uint32_t kLeaf = 12;  // most points per leaf
constexpr uint32_t kMaxNeighbours = 16;
constexpr uint32_t kQueryBlock = 512;  // queries per work item

struct Point {
  float x[3];
  uint32_t index;
};

// All at once: points copied into the order of the tree, 16 bytes each, so that a leaf is contiguous in memory.
struct Copied {
  using Item = Point;
  static Item item(const float* points, uint32_t i) {
    return {{points[3 * size_t(i)], points[3 * size_t(i) + 1], points[3 * size_t(i) + 2]}, i};
  }
  static float coordinate(const float*, const Item& p, int axis) { return p.x[axis]; }
  static uint32_t index(const Item& p) { return p.index; }
};

// In batches: only the permutation, 4 bytes per point.
struct Indexed {
  using Item = uint32_t;
  static Item item(const float*, uint32_t i) { return i; }
  static float coordinate(const float* points, Item i, int axis) { return points[3 * size_t(i) + size_t(axis)]; }
  static uint32_t index(Item i) { return i; }
};

struct Split {
  float value;
  int axis;
};

// The k smallest squared distances, ascending.
struct Nearest {
  uint32_t wanted, found = 0;
  float d2[kMaxNeighbours];
  explicit Nearest(uint32_t wanted) : wanted(wanted) {}
  float worst() const { return found < wanted ? std::numeric_limits<float>::infinity() : d2[wanted - 1]; }
  void offer(float value) {
    if (!(value < worst())) return;
    uint32_t at = found < wanted ? found++ : wanted - 1;
    for (; at > 0 && d2[at - 1] > value; --at) d2[at] = d2[at - 1];
    d2[at] = value;
  }
  float mean() const {
    float sum = 0;
    for (uint32_t k = 0; k < found; ++k) sum += d2[k];
    return found == 0 ? 0.f : sum / float(found);
  }
};

template <class Kind>
class Tree {
 public:
  using Item = typename Kind::Item;

  Tree(CpuDevice& device, const float* points, uint32_t count)
      : points_(points),
        count_(count),
        levels_(levels_for(count)),
        items_(device.ledger(), TAME_PURPOSE_OTHER, count),
        splits_(device.ledger(), TAME_PURPOSE_OTHER, (size_t(1) << levels_) - 1) {
    for (uint32_t i = 0; i < count; ++i) items_[i] = Kind::item(points, i);
    for (uint32_t level = 0; level < levels_; ++level)
      device.threads().run(1u << level, [&](uint32_t node, uint32_t) { split(level, node); });
  }

  static uint64_t bytes(uint32_t count) {
    return uint64_t(count) * sizeof(Item) + (uint64_t(1) << levels_for(count)) * sizeof(Split);
  }

  void query(uint32_t place, uint32_t neighbours, float* mean_dist2) const {
    const Item& self = items_[place];
    float x[3];
    for (int axis = 0; axis < 3; ++axis) x[axis] = Kind::coordinate(points_, self, axis);
    Nearest nearest(neighbours);
    search(0, 0, x, place, nearest);
    mean_dist2[Kind::index(self)] = nearest.mean();
  }

 private:
  static uint32_t levels_for(uint32_t count) {
    uint32_t levels = 0;
    while ((uint64_t(count) >> levels) >= kLeaf) ++levels;
    return levels;
  }
  uint32_t first(uint32_t level, uint32_t node) const { return uint32_t(uint64_t(count_) * node >> level); }
  Split& split_at(uint32_t level, uint32_t node) { return splits_[(size_t(1) << level) - 1 + node]; }
  const Split& split_at(uint32_t level, uint32_t node) const { return splits_[(size_t(1) << level) - 1 + node]; }

  void split(uint32_t level, uint32_t node) {
    const uint32_t begin = first(level, node), end = first(level, node + 1), middle = first(level + 1, 2 * node + 1);
    int widest = 0;
    float extent = -1;
    for (int axis = 0; axis < 3; ++axis) {
      float low = std::numeric_limits<float>::infinity(), high = -low;
      for (uint32_t i = begin; i < end; ++i) {
        const float c = Kind::coordinate(points_, items_[i], axis);
        low = std::min(low, c);
        high = std::max(high, c);
      }
      if (high - low > extent) {
        extent = high - low;
        widest = axis;
      }
    }
    std::nth_element(items_.data() + begin, items_.data() + middle, items_.data() + end,
                     [&](const Item& a, const Item& b) {
                       return Kind::coordinate(points_, a, widest) < Kind::coordinate(points_, b, widest);
                     });
    split_at(level, node) = {Kind::coordinate(points_, items_[middle], widest), widest};
  }

  // Recursion is levels_ deep, at most 29.
  void search(uint32_t level, uint32_t node, const float x[3], uint32_t self, Nearest& nearest) const {
    if (level == levels_) {
      const uint32_t end = first(level, node + 1);
      for (uint32_t i = first(level, node); i < end; ++i) {
        if (i == self) continue;
        float d2 = 0;
        for (int axis = 0; axis < 3; ++axis) {
          const float d = Kind::coordinate(points_, items_[i], axis) - x[axis];
          d2 += d * d;
        }
        nearest.offer(d2);
      }
      return;
    }
    const Split& s = split_at(level, node);
    const float d = x[s.axis] - s.value;
    const uint32_t near = 2 * node + (d >= 0 ? 1 : 0);
    search(level + 1, near, x, self, nearest);
    // d^2 <= any d2 beyond the plane, also in float arithmetic: each operation is monotone.
    if (d * d < nearest.worst()) search(level + 1, near ^ 1, x, self, nearest);
  }

  const float* points_;
  const uint32_t count_, levels_;
  Buffer<Item> items_;
  Buffer<Split> splits_;
};

template <class Kind>
void solve(CpuDevice& device, const float* points, uint32_t count, uint32_t neighbours, uint32_t batch, uint64_t limit,
           float* mean_dist2) {
  const uint64_t bytes = Tree<Kind>::bytes(count);
  if (limit != 0 && bytes > limit) Ledger::throw_out_of_memory(TAME_PURPOSE_OTHER, bytes, limit);
  const Tree<Kind> tree(device, points, count);
  for (uint32_t begin = 0; begin < count;) {
    const uint32_t end = batch == 0 || count - begin < batch ? count : begin + batch;
    device.threads().run((end - begin + kQueryBlock - 1) / kQueryBlock, [&](uint32_t block, uint32_t) {
      const uint32_t from = begin + block * kQueryBlock, to = std::min(end, from + kQueryBlock);
      for (uint32_t place = from; place < to; ++place) tree.query(place, neighbours, mean_dist2);
    });
    begin = end;
  }
}

}  // namespace

void CpuDevice::knn_mean_dist2(const float* points, uint32_t count, uint32_t neighbours, uint32_t batch,
                               uint64_t byte_limit, float* mean_dist2) {
  if (count == 0) return;
  if (batch == 0)
    solve<Copied>(*this, points, count, neighbours, batch, byte_limit, mean_dist2);
  else
    solve<Indexed>(*this, points, count, neighbours, batch, byte_limit, mean_dist2);
}

}  // namespace tame::cpu
