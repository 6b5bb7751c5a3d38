// The networks of LPIPS (Zhang et al. 2018, version 0.1) and the order in which both backends compute them.
//
// A network runs on both images at once, a band of rows at a time: each layer computes the rows that its input so far
// allows, and keeps the few input rows that the next band needs again. Memory is therefore proportional to an image's
// width, not its area, and no value depends on the bands.
#pragma once

#include <cstdint>
#include <vector>

#include "backend.h"

namespace tame {

constexpr uint32_t kLpipsTaps = 5;  // layers that are compared

struct LpipsLayer {
  bool pool;  // the maximum over windows; else a convolution, its bias and a ReLU
  uint32_t in, out;
  uint32_t kernel, stride, pad;
  int tap;  // the compared layer that its output is, or -1

  constexpr uint64_t depth() const { return uint64_t(in) * kernel * kernel; }
};

// VGG16 (Simonyan and Zisserman 2015) up to relu5_3, or AlexNet (Krizhevsky 2014) up to relu5.
struct LpipsNet {
  const LpipsLayer* layers;
  uint32_t count;
  uint32_t least_side;  // for smaller images a layer would have no pixels
  uint64_t weights;
};

const LpipsNet& lpips_net(uint32_t net);

// A layer's part of the caller's weights.
struct LpipsParameters {
  const float* weights;  // [out][in][row][column]
  const float* bias;     // [out]
};
// Of each layer in order, null for pools; after them, by tap, the linear layers.
struct LpipsWeights {
  LpipsWeights(const LpipsNet& net, const float* weights);
  std::vector<LpipsParameters> layers;
  const float* linear[kLpipsTaps];
};

// Rows of one layer's output, or (the first) of the image. Row y is at place y % capacity.
struct LpipsRows {
  uint32_t channels, width, height, capacity;
  uint64_t offset;  // in floats, of one image: [channel][place][x]

  uint64_t floats() const { return uint64_t(channels) * capacity * width; }
};

// The bands of two images of one size.
class LpipsPlan {
 public:
  // Bands as high as float_limit allows for both images, but at least 16 rows.
  LpipsPlan(const LpipsNet& net, uint32_t width, uint32_t height, uint64_t float_limit);

  const LpipsRows& rows(uint32_t buffer) const { return rows_[buffer]; }
  uint64_t image_floats() const { return floats_; }
  uint32_t bands() const { return (rows_[0].height + band_ - 1) / band_; }
  // Rows of each buffer that are complete after `bands` bands.
  std::vector<uint32_t> complete(uint32_t bands) const;
  // Offset of each tap's first row in the list of row sums, and the list's length.
  uint32_t sum_offset(uint32_t tap) const { return sum_offsets_[tap]; }
  uint32_t sums() const { return sum_offsets_[kLpipsTaps]; }
  // The distance: the sum over taps of the mean over pixels.
  double distance(const double* row_sums) const;

 private:
  void set_capacities();

  const LpipsNet& net_;
  uint32_t band_;
  uint64_t floats_ = 0;
  std::vector<LpipsRows> rows_;  // the image's, then each layer's
  uint32_t sum_offsets_[kLpipsTaps + 1];
};

// The steps of a band, implemented by a backend. Rows first .. last - 1 are output rows.
class LpipsSteps {
 public:
  virtual void scale(uint32_t first, uint32_t last) = 0;  // writes the images to buffer 0
  virtual void convolve(uint32_t layer, uint32_t first, uint32_t last) = 0;
  virtual void pool(uint32_t layer, uint32_t first, uint32_t last) = 0;
  virtual void compare(uint32_t layer, uint32_t first, uint32_t last) = 0;  // writes the row sums of its tap

 protected:
  ~LpipsSteps() = default;
};

void walk_lpips(const LpipsNet& net, const LpipsPlan& plan, LpipsSteps& steps);

}  // namespace tame
