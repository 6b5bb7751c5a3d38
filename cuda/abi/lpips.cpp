// See lpips.h; also the entry points.
#include "lpips.h"

#include <algorithm>

#include "boundary.h"
#include "checks.h"
#include "entries.h"

namespace tame {
namespace {

constexpr uint32_t kLeastBand = 16;  // rows

constexpr LpipsLayer convolution(uint32_t in, uint32_t out, int tap = -1) {
  return {false, in, out, 3, 1, 1, tap};
}
constexpr LpipsLayer pool(uint32_t channels, uint32_t kernel) {
  return {true, channels, channels, kernel, 2, 0, -1};
}

constexpr LpipsLayer kVgg[] = {
    convolution(3, 64),
    convolution(64, 64, 0),  // conv1
    pool(64, 2),
    convolution(64, 128),
    convolution(128, 128, 1),  // conv2
    pool(128, 2),
    convolution(128, 256),
    convolution(256, 256),  // conv3
    convolution(256, 256, 2),
    pool(256, 2),
    convolution(256, 512),
    convolution(512, 512),  // conv4
    convolution(512, 512, 3),
    pool(512, 2),
    convolution(512, 512),
    convolution(512, 512),  // conv5
    convolution(512, 512, 4),
};

constexpr LpipsLayer kAlex[] = {
    {false, 3, 64, 11, 4, 2, 0},  pool(64, 3),
    {false, 64, 192, 5, 1, 2, 1}, pool(192, 3),
    convolution(192, 384, 2),     convolution(384, 256, 3),
    convolution(256, 256, 4),
};

template <uint32_t N>
constexpr LpipsNet make_net(const LpipsLayer (&layers)[N], uint32_t least_side) {
  uint64_t weights = 0;
  for (const LpipsLayer& layer : layers) {
    if (!layer.pool) weights += layer.out * (layer.depth() + 1);
    if (layer.tap >= 0) weights += layer.out;
  }
  return {layers, N, least_side, weights};
}

constexpr LpipsNet kNets[] = {make_net(kVgg, 16), make_net(kAlex, 31)};
static_assert(kNets[TAME_LPIPS_VGG].weights == TAME_LPIPS_VGG_WEIGHTS, "tame.h has the count");
static_assert(kNets[TAME_LPIPS_ALEX].weights == TAME_LPIPS_ALEX_WEIGHTS, "tame.h has the count");

uint32_t side_after(const LpipsLayer& layer, uint32_t side) {
  return (side + 2 * layer.pad - layer.kernel) / layer.stride + 1;
}

// Output rows that can be computed from the first `available` of `height` input rows.
uint32_t rows_after(const LpipsLayer& layer, uint32_t available, uint32_t height) {
  if (available == height) return side_after(layer, height);
  return available + layer.pad < layer.kernel ? 0 : (available + layer.pad - layer.kernel) / layer.stride + 1;
}

}  // namespace

const LpipsNet& lpips_net(uint32_t net) {
  return kNets[net];
}

LpipsWeights::LpipsWeights(const LpipsNet& net, const float* weights) {
  for (uint32_t l = 0; l < net.count; ++l) {
    const LpipsLayer& layer = net.layers[l];
    if (layer.pool) {
      layers.push_back({nullptr, nullptr});
      continue;
    }
    const float* bias = weights + layer.out * layer.depth();
    layers.push_back({weights, bias});
    weights = bias + layer.out;
  }
  for (uint32_t l = 0; l < net.count; ++l) {
    const LpipsLayer& layer = net.layers[l];
    if (layer.tap < 0) continue;
    linear[layer.tap] = weights;
    weights += layer.out;
  }
}

LpipsPlan::LpipsPlan(const LpipsNet& net, uint32_t width, uint32_t height, uint64_t float_limit)
    : net_(net), band_(height) {
  rows_.push_back({net.layers[0].in, width, height, 0, 0});
  uint32_t sums = 0;
  for (uint32_t l = 0; l < net.count; ++l) {
    const LpipsLayer& layer = net.layers[l];
    rows_.push_back({layer.out, side_after(layer, rows_[l].width), side_after(layer, rows_[l].height), 0, 0});
    if (layer.tap < 0) continue;
    sum_offsets_[layer.tap] = sums;
    sums += rows_[l + 1].height;
  }
  sum_offsets_[kLpipsTaps] = sums;
  set_capacities();
  while (2 * floats_ > float_limit && band_ > kLeastBand) {
    band_ = std::max(kLeastBand, (band_ + 1) / 2);
    set_capacities();
  }
}

std::vector<uint32_t> LpipsPlan::complete(uint32_t bands) const {
  std::vector<uint32_t> done = {uint32_t(std::min<uint64_t>(rows_[0].height, uint64_t(bands) * band_))};
  for (uint32_t l = 0; l < net_.count; ++l) done.push_back(rows_after(net_.layers[l], done[l], rows_[l].height));
  return done;
}

// A buffer's capacity: the rows that the next layer still needs before a band, and the band's own.
void LpipsPlan::set_capacities() {
  for (LpipsRows& rows : rows_) rows.capacity = 0;
  std::vector<uint32_t> before = complete(0);
  for (uint32_t band = 1; band <= bands(); ++band) {
    std::vector<uint32_t> after = complete(band);
    for (uint32_t b = 0; b <= net_.count; ++b) {
      uint32_t kept = before[b];
      if (b < net_.count) {
        const LpipsLayer& next = net_.layers[b];
        const uint32_t wanted = before[b + 1] * next.stride;  // its first input row, plus the padding
        kept = std::min(kept, wanted > next.pad ? wanted - next.pad : 0);
      }
      rows_[b].capacity = std::max(rows_[b].capacity, after[b] - kept);
    }
    before = std::move(after);
  }
  floats_ = 0;
  for (LpipsRows& rows : rows_) {
    rows.offset = floats_;
    floats_ += rows.floats();
  }
}

double LpipsPlan::distance(const double* row_sums) const {
  double total = 0;
  for (uint32_t l = 0; l < net_.count; ++l) {
    const int tap = net_.layers[l].tap;
    if (tap < 0) continue;
    double sum = 0;
    for (uint32_t y = 0; y < rows_[l + 1].height; ++y) sum += row_sums[sum_offsets_[tap] + y];
    total += sum / (double(rows_[l + 1].width) * rows_[l + 1].height);
  }
  return total;
}

void walk_lpips(const LpipsNet& net, const LpipsPlan& plan, LpipsSteps& steps) {
  std::vector<uint32_t> before = plan.complete(0);
  for (uint32_t band = 1; band <= plan.bands(); ++band) {
    std::vector<uint32_t> after = plan.complete(band);
    steps.scale(before[0], after[0]);
    for (uint32_t l = 0; l < net.count; ++l) {
      const uint32_t first = before[l + 1], last = after[l + 1];
      if (first == last) continue;
      if (net.layers[l].pool)
        steps.pool(l, first, last);
      else
        steps.convolve(l, first, last);
      if (net.layers[l].tap >= 0) steps.compare(l, first, last);
    }
    before = std::move(after);
  }
}

}  // namespace tame

using namespace tame;

tame_lpips* tame_lpips_create(tame_device* device, uint32_t net, const float* weights, uint32_t weights_length,
                              tame_error* err) {
  return attempt_open(err, [&] {
    const Call<DeviceEntry> call(device);
    check_count("net", net, TAME_LPIPS_VGG, TAME_LPIPS_ALEX);
    check_array("weights", weights, weights_length, lpips_net(net).weights);
    check_finite("weights", weights, lpips_net(net).weights);
    auto lpips = call->backend().make_lpips(net, weights);
    return static_cast<tame_lpips*>(
        open_handle(std::make_shared<LpipsEntry>(call.device(), std::move(lpips), lpips_net(net).least_side)));
  });
}

tame_status tame_lpips_distance(tame_lpips* lpips, uint32_t width, uint32_t height, uint32_t range, const float* a,
                                uint32_t a_length, const float* b, uint32_t b_length, double* value,
                                uint32_t value_length, tame_error* err) {
  return attempt(err, [&] {
    const Call<LpipsEntry> call(lpips);
    check_image_size(width, height);
    if (width < call->least_side || height < call->least_side)
      fail(TAME_INVALID_ARGUMENT, "This LPIPS network needs %u x %u pixels, the images have %u x %u", call->least_side,
           call->least_side, width, height);
    check_count("range", range, TAME_LPIPS_SIGNED, TAME_LPIPS_UNIT);
    const uint64_t needed = 3 * uint64_t(width) * height;
    check_array("a", a, a_length, needed);
    check_array("b", b, b_length, needed);
    check_array("value", value, value_length, 1);
    *value = call->lpips->distance(width, height, range, a, b);
  });
}

tame_status tame_lpips_close(tame_lpips* lpips, tame_error* err) {
  return attempt(err, [&] { close_child<LpipsEntry>(lpips); });
}
