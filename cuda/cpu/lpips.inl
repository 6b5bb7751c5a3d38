// The hot loops of LPIPS (Zhang et al. 2018). Included by kernels.cpp.
//
// A convolution is a matrix product of the weights and, for each tile of pixels, a panel with one line for every input
// channel and kernel position: the input values at that position for the tile's pixels (im2col). A panel is computed in
// parts.

// The pixels of a tile in one row of one image.
struct LpipsRun {
  uint32_t at, length;  // in the tile
  uint32_t image, x;
  uint32_t y;
  int64_t rows[kLpipsKernel];  // per kernel row: floats before that input row in its channel, or -1 outside the image
};

uint32_t lpips_runs(const LpipsConvolveArgs& a, uint32_t tile, LpipsRun* runs) {
  const uint32_t end = 2 * a.rows * a.out_width;
  uint32_t pixel = tile * kLpipsTile, count = 0, at = 0;
  while (at < kLpipsTile && pixel < end) {
    LpipsRun& run = runs[count++];
    const uint32_t row = pixel / a.out_width;
    run.at = at;
    run.x = pixel % a.out_width;
    run.image = row / a.rows;
    run.y = a.first_row + row % a.rows;
    run.length = a.out_width - run.x < kLpipsTile - at ? a.out_width - run.x : kLpipsTile - at;
    for (uint32_t ky = 0; ky < a.kernel; ++ky) {
      const int64_t y = int64_t(run.y) * a.stride + ky - a.pad;
      run.rows[ky] = y < 0 || y >= a.in_height ? -1 : y % a.in_capacity * int64_t(a.in_width);
    }
    at += run.length;
    pixel += run.length;
  }
  return count;
}

// One line of the panel: the input of the run's pixels at column kx of a kernel row.
void lpips_line(const LpipsConvolveArgs& a, const LpipsRun& run, const float* row, uint32_t kx, float* out) {
  const int first = int(run.x * a.stride + kx) - int(a.pad), width = int(a.in_width), length = int(run.length);
  if (a.stride == 1 && length == int(kLpipsTile) && first >= 0 && first + length <= width) {
    for (int i = 0; i < length; i += kLanes) core::store(out + i, core::load(row + first + i));
    return;
  }
  for (int i = 0, x = first; i < length; ++i, x += int(a.stride)) out[i] = x < 0 || x >= width ? 0.f : row[x];
}

void lpips_panel(const LpipsConvolveArgs& a, const LpipsRun* runs, uint32_t run_count, uint32_t begin, uint32_t end,
                 float* panel) {
  const uint32_t square = a.kernel * a.kernel;
  const size_t plane = size_t(a.in_capacity) * a.in_width;
  for (uint32_t r = 0; r < run_count; ++r) {
    const LpipsRun& run = runs[r];
    const float* image = a.input + run.image * a.image;
    uint32_t channel = begin / square, ky = begin % square / a.kernel, kx = begin % a.kernel;
    for (uint32_t k = begin; k < end; ++k) {
      float* out = panel + size_t(k - begin) * kLpipsTile + run.at;
      if (run.rows[ky] < 0)
        for (uint32_t i = 0; i < run.length; ++i) out[i] = 0.f;
      else
        lpips_line(a, run, image + channel * plane + run.rows[ky], kx, out);
      if (++kx < a.kernel) continue;
      kx = 0;
      if (++ky < a.kernel) continue;
      ky = 0;
      ++channel;
    }
  }
}

// sums [4][tile] += weights [depth][4] times panel [depth][tile].
void lpips_multiply(const float* weights, const float* panel, uint32_t depth, float* sums) {
  constexpr int kVectors = int(kLpipsTile) / kLanes, kOutputs = int(kLpipsOutputs);
  F8 sum[kOutputs][kVectors];
  for (int o = 0; o < kOutputs; ++o)
    for (int v = 0; v < kVectors; ++v) sum[o][v] = core::load(sums + o * int(kLpipsTile) + v * kLanes);
  for (uint32_t k = 0; k < depth; ++k, weights += kOutputs, panel += kLpipsTile) {
    F8 pixels[kVectors];
    for (int v = 0; v < kVectors; ++v) pixels[v] = core::load(panel + v * kLanes);
    for (int o = 0; o < kOutputs; ++o) {
      const F8 weight(weights[o]);
      for (int v = 0; v < kVectors; ++v) sum[o][v] = core::mad(weight, pixels[v], sum[o][v]);
    }
  }
  for (int o = 0; o < kOutputs; ++o)
    for (int v = 0; v < kVectors; ++v) core::store(sums + o * int(kLpipsTile) + v * kLanes, sum[o][v]);
}

void lpips_convolve(const LpipsConvolveArgs& a, uint32_t tile, float* scratch) {
  LpipsRun runs[kLpipsTile];
  const uint32_t run_count = lpips_runs(a, tile, runs), depth = a.in * a.kernel * a.kernel;
  const uint32_t filled = runs[run_count - 1].at + runs[run_count - 1].length;
  float* panel = scratch;
  float* sums = scratch + size_t(kLpipsDepth) * kLpipsTile;
  for (uint32_t o = 0; o < a.out; ++o)
    for (uint32_t i = 0; i < kLpipsTile; ++i) sums[o * kLpipsTile + i] = a.bias[o];
  if (filled < kLpipsTile)
    for (uint32_t i = 0; i < kLpipsDepth * kLpipsTile; ++i) panel[i] = 0.f;  // the last tile's pixels past the end
  for (uint32_t begin = 0; begin < depth; begin += kLpipsDepth) {
    const uint32_t end = depth - begin < kLpipsDepth ? depth : begin + kLpipsDepth;
    lpips_panel(a, runs, run_count, begin, end, panel);
    for (uint32_t o = 0; o < a.out; o += kLpipsOutputs)
      lpips_multiply(a.weights + size_t(o) * depth + size_t(begin) * kLpipsOutputs, panel, end - begin,
                     sums + size_t(o) * kLpipsTile);
  }
  for (uint32_t r = 0; r < run_count; ++r) {
    const LpipsRun& run = runs[r];
    float* row = a.output + run.image * a.image + size_t(run.y % a.out_capacity) * a.out_width + run.x;
    for (uint32_t o = 0; o < a.out; ++o, row += size_t(a.out_capacity) * a.out_width)
      for (uint32_t i = 0; i < run.length; ++i) {
        const float sum = sums[o * kLpipsTile + run.at + i];
        row[i] = sum < 0.f ? 0.f : sum;  // lets NaN pass
      }
  }
}

// One row's sum over pixels of sum_c linear_c (a_c / |a| - b_c / |b|)^2.
void lpips_compare(const LpipsCompareArgs& a, uint32_t row) {
  const uint32_t y = a.first_row + row;
  const size_t plane = size_t(a.capacity) * a.width;
  const float* first = a.features + size_t(y % a.capacity) * a.width;
  double total = 0;
  for (uint32_t x = 0; x < a.width; x += kLanes) {
    const float* u = first + x;
    const float* v = u + a.image;
    F8 uu(0.f), vv(0.f);
    for (uint32_t c = 0; c < a.channels; ++c) {
      const F8 p = core::load(u + c * plane), q = core::load(v + c * plane);
      uu = core::mad(p, p, uu);
      vv = core::mad(q, q, vv);
    }
    const F8 u_share = F8(1.f) / (core::sqrt(uu) + F8(core::kLpipsEpsilon));
    const F8 v_share = F8(1.f) / (core::sqrt(vv) + F8(core::kLpipsEpsilon));
    F8 sum(0.f);
    for (uint32_t c = 0; c < a.channels; ++c) {
      const F8 difference = core::load(u + c * plane) * u_share - core::load(v + c * plane) * v_share;
      sum = core::mad(F8(a.linear[c]) * difference, difference, sum);
    }
    const uint32_t lanes = a.width - x < uint32_t(kLanes) ? a.width - x : uint32_t(kLanes);
    for (uint32_t lane = 0; lane < lanes; ++lane) total += double(sum.v[lane]);
  }
  a.sums[y] = total;
}
