// Training loss (1 - lambda) L1 + lambda (1 - SSIM) of one channel in stripes of rows: first the loss and the
// derivatives of the SSIM map, then the gradient, which is the same window over those derivatives. Outside the image
// render, target and derivatives count as zero. Means are over the pixels that the photo's mask keeps.

using core::kWindowRadius;

constexpr int kMeans = 4;       // windowed: render, target, the sum of their squares, their product
constexpr int kLineLeft = 8;    // zeros before a line, at least kWindowRadius
constexpr int kLineRight = 24;  // zeros after it, so that whole vectors may read past its end

// Rows of windowed sums that one stripe needs, for up to four quantities.
struct Stripe {
  int y0, y1;       // rows of output
  size_t row;       // floats per row
  float* lines[2];  // one input row each, zero-padded; index kLineLeft is pixel 0
  float* sums;      // [quantity][row - (y0 - radius)][x]
  float* sum(int quantity, int y) const {
    return sums + (size_t(quantity) * (kLossStripe + 2 * kWindowRadius) + size_t(y - (y0 - kWindowRadius))) * row;
  }
};

// Values of a photo's bytes: as core::photo_value, without its division.
struct ByteValues {
  float value[256] = {};
  constexpr ByteValues() {
    for (int byte = 0; byte < 256; ++byte) value[byte] = float(byte) / 255.f;
  }
};
constexpr ByteValues kByteValues;

inline Stripe make_stripe(const LossArgs& a, uint32_t stripe, float* scratch) {
  Stripe s;
  s.y0 = int(stripe) * kLossStripe;
  s.y1 = s.y0 + kLossStripe < a.height ? s.y0 + kLossStripe : a.height;
  s.row = a.row;
  s.lines[0] = scratch;
  s.lines[1] = scratch + a.row + kLineLeft + kLineRight;
  s.sums = scratch + 2 * (a.row + kLineLeft + kLineRight);
  return s;
}

inline void pad_line(float* line, int width, size_t row) {
  for (int x = 0; x < kLineLeft; ++x) line[x] = 0.f;
  for (size_t x = size_t(kLineLeft + width); x < row + kLineLeft + kLineRight; ++x) line[x] = 0.f;
}

inline void load_line(const LossArgs& a, const float* plane, int y, float* line) {
  const float* from = plane + size_t(y) * a.row;
  for (int x = 0; x < a.width; ++x) line[kLineLeft + x] = from[x];
  pad_line(line, a.width, a.row);
}

// Loads a line of the target. Where the mask excludes a pixel, the target is the render's value, as a constant.
inline void load_target_line(const LossArgs& a, uint32_t channel, int y, const float* rendered, float* line) {
  if (a.photo.pixels == nullptr) {
    load_line(a, a.target_planes + size_t(channel) * a.plane, y, line);
    return;
  }
  const size_t first = size_t(y) * size_t(a.width);
  if (a.photo.channels == 3) {
    const uint8_t* from = a.photo.pixels + 3 * first + channel;
    for (int x = 0; x < a.width; ++x) line[kLineLeft + x] = kByteValues.value[from[3 * x]];
  } else {
    for (int x = 0; x < a.width; ++x) line[kLineLeft + x] = core::photo_value(a.photo, first + size_t(x), int(channel));
  }
  if (a.photo.mask != nullptr)
    for (int x = 0; x < a.width; ++x)
      if (!core::is_kept(a.photo, first + size_t(x))) line[kLineLeft + x] = rendered[kLineLeft + x];
  pad_line(line, a.width, a.row);
}

inline Wide weight(int distance) {
  return Wide(core::window_weight<float>(distance));
}

void loss_partials(const LossArgs& a, uint32_t stripe, uint32_t channel, float* scratch) {
  const Stripe s = make_stripe(a, stripe, scratch);
  const float* image = a.image + size_t(channel) * a.plane;
  const uint32_t stripes = uint32_t((a.height + kLossStripe - 1) / kLossStripe);
  double* sums = a.sums + 2 * (size_t(channel) * stripes + stripe);
  double l1 = 0, ssim = 0;

  for (int y = s.y0 - kWindowRadius; y < s.y1 + kWindowRadius; ++y) {
    if (y < 0 || y >= a.height) {
      for (int quantity = 0; quantity < kMeans; ++quantity)
        for (size_t x = 0; x < a.row; ++x) s.sum(quantity, y)[x] = 0.f;
      continue;
    }
    float *const first = s.lines[0], *const second = s.lines[1];
    load_line(a, image, y, first);
    load_target_line(a, channel, y, first, second);
    if (y >= s.y0 && y < s.y1) {
      Wide row_l1(0.f);  // the padding is zero in both lines
      for (int x = 0; x < a.width; x += kWideLanes) {
        const Wide difference = load_wide(first + kLineLeft + x) - load_wide(second + kLineLeft + x);
        row_l1 = row_l1 + core::maximum(difference, -difference);
      }
      l1 += double(core::sum(row_l1));
    }
    for (int x = 0; x < a.width; x += kWideLanes) {
      Wide sum[kMeans] = {Wide(0.f), Wide(0.f), Wide(0.f), Wide(0.f)};
      for (int d = -kWindowRadius; d <= kWindowRadius; ++d) {
        const Wide u = load_wide(first + kLineLeft + x + d), v = load_wide(second + kLineLeft + x + d);
        const Wide w = weight(d < 0 ? -d : d), wu = w * u, wv = w * v;
        sum[0] = sum[0] + wu;
        sum[1] = sum[1] + wv;
        sum[2] = core::mad(wu, u, core::mad(wv, v, sum[2]));
        sum[3] = core::mad(wu, v, sum[3]);
      }
      for (int quantity = 0; quantity < kMeans; ++quantity) core::store(s.sum(quantity, y) + x, sum[quantity]);
    }
  }

  // d loss / d map value, the same for each.
  const Wide upstream(-a.lambda_dssim / float(a.values));
  for (int y = s.y0; y < s.y1; ++y) {
    double row_ssim = 0;
    Wide whole_vectors(0.f);  // sum of the map where all lanes count
    for (int x = 0; x < a.width; x += kWideLanes) {
      Wide mean[kMeans];
      for (int quantity = 0; quantity < kMeans; ++quantity) {
        const float* at = s.sum(quantity, y) + x;
        Wide sum = weight(0) * load_wide(at);
        for (int d = 1; d <= kWindowRadius; ++d) {
          const ptrdiff_t step = ptrdiff_t(d) * ptrdiff_t(a.row);
          sum = core::mad(weight(d), load_wide(at - step) + load_wide(at + step), sum);
        }
        mean[quantity] = sum;
      }
      const core::SsimTerms<Wide> terms = core::ssim_terms(mean[0], mean[1], mean[2], mean[3]);
      const int lanes = a.width - x < kWideLanes ? a.width - x : kWideLanes;
      const size_t pixel = size_t(y) * size_t(a.width) + size_t(x);
      if (lanes == kWideLanes && a.photo.mask == nullptr) {
        whole_vectors = whole_vectors + terms.value;
      } else {
        for (int l = 0; l < lanes; ++l)
          if (core::is_kept(a.photo, pixel + size_t(l))) row_ssim += double(terms.value.v[l]);
      }
      if (a.gradient == nullptr) continue;
      float* out = a.partials + size_t(channel) * 3 * a.plane + size_t(y) * a.row + size_t(x);
      core::store(out, upstream * terms.d_mean);
      core::store(out + a.plane, upstream * terms.d_xx);
      core::store(out + 2 * a.plane, upstream * terms.d_xy);
      if (a.photo.mask == nullptr) continue;
      for (int l = 0; l < lanes; ++l)
        if (!core::is_kept(a.photo, pixel + size_t(l)))
          out[l] = out[a.plane + size_t(l)] = out[2 * a.plane + size_t(l)] = 0.f;
    }
    ssim += row_ssim + double(core::sum(whole_vectors));
  }
  sums[0] = l1;
  sums[1] = ssim;
}

void loss_gradient(const LossArgs& a, uint32_t stripe, uint32_t channel, float* scratch) {
  const Stripe s = make_stripe(a, stripe, scratch);
  for (int quantity = 0; quantity < 3; ++quantity) {
    const float* plane = a.partials + (size_t(channel) * 3 + size_t(quantity)) * a.plane;
    for (int y = s.y0 - kWindowRadius; y < s.y1 + kWindowRadius; ++y) {
      float* out = s.sum(quantity, y);
      if (y < 0 || y >= a.height) {
        for (size_t x = 0; x < a.row; ++x) out[x] = 0.f;
        continue;
      }
      load_line(a, plane, y, s.lines[0]);
      for (int x = 0; x < a.width; x += kWideLanes) {
        const float* at = s.lines[0] + kLineLeft + x;
        Wide sum = weight(0) * load_wide(at);
        for (int d = 1; d <= kWindowRadius; ++d) sum = core::mad(weight(d), load_wide(at - d) + load_wide(at + d), sum);
        core::store(out + x, sum);
      }
    }
  }
  const float l1_share = (1.f - a.lambda_dssim) / float(a.values);
  for (int y = s.y0; y < s.y1; ++y) {
    load_line(a, a.image + size_t(channel) * a.plane, y, s.lines[0]);
    load_target_line(a, channel, y, s.lines[0], s.lines[1]);
    float* gradient = a.gradient + size_t(channel) * a.plane + size_t(y) * a.row;
    for (int x = 0; x < a.width; x += kWideLanes) {
      Wide window[3];
      for (int quantity = 0; quantity < 3; ++quantity) {
        const float* at = s.sum(quantity, y) + x;
        Wide sum = weight(0) * load_wide(at);
        for (int d = 1; d <= kWindowRadius; ++d) {
          const ptrdiff_t step = ptrdiff_t(d) * ptrdiff_t(a.row);
          sum = core::mad(weight(d), load_wide(at - step) + load_wide(at + step), sum);
        }
        window[quantity] = sum;
      }
      const Wide u = load_wide(s.lines[0] + kLineLeft + x), v = load_wide(s.lines[1] + kLineLeft + x);
      const Wide sign = core::select(u > v, Wide(l1_share), core::select(u < v, Wide(-l1_share), Wide(0.f)));
      core::store(gradient + x, window[0] + core::mad(Wide(2.f) * u, window[1], core::mad(v, window[2], sign)));
    }
    for (int x = 0; x < a.width; ++x)
      if (!core::is_kept(a.photo, size_t(y) * size_t(a.width) + size_t(x))) gradient[x] = 0.f;
    // The blend reads whole tile rows; values past the image have no effect, but must be finite.
    for (size_t x = size_t((a.width + kWideLanes - 1) / kWideLanes * kWideLanes); x < a.row; ++x) gradient[x] = 0.f;
  }
}
