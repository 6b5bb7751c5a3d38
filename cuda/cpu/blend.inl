// One tile, front to back: alpha blending and its derivative (Kerbl et al. 2023; the derivative in the front-to-back
// form of Mallick et al. 2024). A tile is 4 x 4 blocks of 4 x 4 pixels; a splat is blended in the blocks that it
// reaches, one or two vectors each. In a tile's arrays the pixels of a block are contiguous, row by row.

using core::kTile;
using core::kWideLanes;
using core::load_wide;
using core::Mask;
using core::Wide;

constexpr int kPixels = kTile * kTile;
constexpr int kBlock = 4;                      // pixels a side
constexpr int kBlockPixels = kBlock * kBlock;  // a multiple of any vector width
constexpr int kBlocks = kPixels / kBlockPixels, kBlocksAcross = kTile / kBlock;
// Splats whose opacities are computed before they are blended: few enough for the L1 cache.
constexpr uint32_t kChunk = 16;

// Pixel centres relative to the tile's corner, and the first pixel of each block.
struct Centers {
  alignas(64) float x[kPixels] = {}, y[kPixels] = {};
  alignas(64) float block_x[kBlocks] = {}, block_y[kBlocks] = {};  // of a block's first pixel
  constexpr Centers() {
    for (int p = 0; p < kPixels; ++p) {
      const int block = p / kBlockPixels;
      x[p] = float(block % kBlocksAcross * kBlock + p % kBlock) + 0.5f;
      y[p] = float(block / kBlocksAcross * kBlock + p % kBlockPixels / kBlock) + 0.5f;
    }
    for (int b = 0; b < kBlocks; ++b) {
      block_x[b] = x[b * kBlockPixels];
      block_y[b] = y[b * kBlockPixels];
    }
  }
};
constexpr Centers kCenters;

struct Tile {
  int x0, y0, rows;
  uint32_t begin, end;  // instances
};

inline Tile make_tile(const BlendArgs& a, uint32_t tile) {
  Tile t;
  t.x0 = int(tile) % a.tiles_x * kTile;
  t.y0 = int(tile) / a.tiles_x * kTile;
  t.rows = a.height - t.y0 < kTile ? a.height - t.y0 : kTile;
  t.begin = a.tile_starts[tile];
  t.end = a.tile_starts[tile + 1];
  return t;
}

// Fetches what is at `at` into the L1 cache, to be read or, with `write`, written soon. An entry may span two lines.
template <int write, class Entry>
inline void fetch(const Entry* at) {
  const char* bytes = reinterpret_cast<const char*>(at);
  __builtin_prefetch(bytes, write);
  __builtin_prefetch(bytes + sizeof(Entry) - 1, write);
}

// The splats of a tile lie anywhere in memory: those of the chunk from `first` on.
inline void fetch_splats(const BlendArgs& a, uint32_t first, uint32_t end) {
  for (uint32_t j = first; j < end && j < first + kChunk; ++j) fetch<0>(a.splats + a.order[j]);
}

// And so do the places of their gradients.
inline void fetch_gradients(const BlendArgs& a, uint32_t first, uint32_t end) {
  for (uint32_t j = first; j < end && j < first + kChunk; ++j) fetch<1>(a.gradients + a.slots[j]);
}

// Calls copy(pixel, from) for each row of each block inside the image: kBlock pixels of the tile's arrays and of an
// image plane. Planes are padded to whole rows of tiles.
template <class Copy>
inline void for_block_rows(const BlendArgs& a, const Tile& t, const Copy& copy) {
  for (int y = 0; y < t.rows; ++y)
    for (int x = 0; x < kTile; x += kBlock)
      copy((y / kBlock * kBlocksAcross + x / kBlock) * kBlockPixels + y % kBlock * kBlock,
           size_t(t.y0 + y) * a.row + size_t(t.x0 + x));
}

// The transmittance of pixels: positive for active pixels, negated for pixels that are done, and 0 outside the image,
// where nothing can be blended.
struct Transmittance {
  alignas(64) float T[kPixels];

  Transmittance(const BlendArgs& a, const Tile& t) {
    for (int p = 0; p < kPixels; ++p)
      T[p] = kCenters.y[p] < float(t.rows) && kCenters.x[p] < float(a.width - t.x0) ? 1.f : 0.f;
  }
  // Blocks with an active pixel, one bit each.
  uint32_t live_blocks() const {
    uint32_t live = 0;
    for (int p = 0; p < kPixels; p += kWideLanes)
      live |= (core::any(load_wide(T + p) > Wide(0.f)) ? 1u : 0u) << p / kBlockPixels;
    return live;
  }
};

// Blocks with a pixel at which alpha reaches 1/255, one bit each.
inline __attribute__((always_inline)) uint32_t reached_blocks(const Splat& s, const Tile& t) {
  const Wide x(s.x - float(t.x0)), y(s.y - float(t.y0)), span(float(kBlock - 1));
  uint32_t blocks = 0;
  for (int b = 0; b < kBlocks; b += kWideLanes) {
    const Wide left = load_wide(kCenters.block_x + b) - x, top = load_wide(kCenters.block_y + b) - y;
    const Wide least = core::smallest_quadratic(Wide(s.A), Wide(s.B), Wide(s.C), left, left + span, top, top + span);
    blocks |= core::lane_bits(least <= Wide(s.cut)) << b;
  }
  return blocks;
}

// Calls body(pixel) for each vector of the set.
template <class Body>
inline __attribute__((always_inline)) void for_vectors(uint32_t vectors, const Body& body) {
  for (; vectors != 0; vectors &= vectors - 1) body(__builtin_ctz(vectors) * kWideLanes);
}

// A splat's opacity at the pixels of a tile: opacity exp(-E), before the clamp, 0 where that is below 1/255.
struct Falloff {
  Wide x, y, A, B, C, peak;  // powers of 2; peak: log2(opacity)

  Falloff(const Splat& s, const Tile& t)
      : x(s.x - float(t.x0)),
        y(s.y - float(t.y0)),
        A(-0.5f * core::kLog2E * s.A),
        B(-core::kLog2E * s.B),
        C(-0.5f * core::kLog2E * s.C),
        peak(s.cut * core::kLog2E + core::kLog2MinAlpha) {}

  Wide at(int p) const {
    const Wide dx = x - load_wide(kCenters.x + p), dy = y - load_wide(kCenters.y + p);
    const Wide exponent = core::mad(core::mad(A, dx, B * dy), dx, core::mad(C * dy, dy, peak));
    const Mask<Wide> touches = (exponent >= Wide(core::kLog2MinAlpha)) & (exponent <= peak);
    return core::select(touches, core::exp2(exponent), Wide(0.f));
  }
};

// The part of some splats' work that does not depend on transmittance. It is separate from blending, so that the
// processor can overlap many of these long dependency chains.
struct Chunk {
  uint32_t first, count;
  alignas(64) float opacity[kChunk][kPixels];  // of each splat, in its vectors

  // Takes the splats from `from` on.
  Chunk(const BlendArgs& a, uint32_t from, uint32_t end)
      : first(from), count(end - from < kChunk ? end - from : kChunk) {
    fetch_splats(a, first + kChunk, end);
  }

  // Finds the vectors with an active pixel that a splat touches, and its opacities there. Returns how many blocks it
  // looked at.
  uint32_t find(const BlendArgs& a, const Tile& t, const float* T, uint32_t live_blocks) {
    uint32_t reached[kChunk];
    for (uint32_t k = 0; k < count; ++k) reached[k] = reached_blocks(a.splats[a.order[first + k]], t) & live_blocks;
    uint32_t looked_at = 0;
    for (uint32_t k = 0; k < count; ++k) {
      uint32_t vectors = 0;
      const Falloff falloff(a.splats[a.order[first + k]], t);
      for (uint32_t blocks = reached[k]; blocks != 0; blocks &= blocks - 1) {
        const int block = __builtin_ctz(blocks) * kBlockPixels;
        for (int p = block; p < block + kBlockPixels; p += kWideLanes) {
          const Wide here = falloff.at(p);
          core::store(opacity[k] + p, here);
          const bool touches = core::any((here > Wide(0.f)) & (load_wide(T + p) > Wide(0.f)));
          vectors |= uint32_t(touches) << (p / kWideLanes);
        }
      }
      looked_at += uint32_t(__builtin_popcount(reached[k]));
      a.vectors[first + k] = vectors;
    }
    return looked_at;
  }

  // Computes the opacities in the vectors that find() found in the forward pass.
  void repeat(const BlendArgs& a, const Tile& t) {
    for (uint32_t k = 0; k < count; ++k) {
      if (a.vectors[first + k] == 0) continue;
      const Falloff falloff(a.splats[a.order[first + k]], t);
      for_vectors(a.vectors[first + k], [&](int p) { core::store(opacity[k] + p, falloff.at(p)); });
    }
  }
};

// A splat at pixels of transmittance T. Forward and backward pass share it, so they blend the same splats with the same
// bits at every pixel.
struct Fragment {
  Wide alpha;        // clamped
  Wide weight;       // alpha T, 0 where the splat is not blended
  Wide next;         // transmittance behind the splat
  Mask<Wide> takes;  // blended, or without opacity here, which has the same result
};

inline __attribute__((always_inline)) Fragment fragment(Wide opacity, Wide T) {
  Fragment f;
  f.alpha = core::minimum(opacity, Wide(core::kMaxAlpha));
  const Wide after = core::mad(-f.alpha, T, T);
  f.takes = after >= Wide(core::kMinTransmittance);
  f.weight = core::select(f.takes, f.alpha * T, Wide(0.f));
  f.next = core::select(f.takes, after, core::minimum(T, -T));
  return f;
}

template <bool kDepth>
inline void blend_tile(const BlendArgs& a, uint32_t tile) {
  const Tile t = make_tile(a, tile);
  fetch_splats(a, t.begin, t.end);
  Transmittance pixels(a, t);
  float* const T = pixels.T;
  alignas(64) float color[3][kPixels] = {}, depth[kPixels] = {};
  uint32_t looked_at = 0, next = t.begin;
  for (uint32_t live; next < t.end && (live = pixels.live_blocks()) != 0;) {
    Chunk chunk(a, next, t.end);
    looked_at += chunk.find(a, t, T, live);
    for (const uint32_t end = next + chunk.count; next < end; ++next) {
      const float* opacity = chunk.opacity[next - chunk.first];
      if (a.vectors[next] == 0) continue;
      const Splat& s = a.splats[a.order[next]];
      const Wide red(s.rgb[0]), green(s.rgb[1]), blue(s.rgb[2]), z(s.depth);
      for_vectors(a.vectors[next], [&](int p) {
        const Fragment f = fragment(load_wide(opacity + p), load_wide(T + p));
        core::store(T + p, f.next);
        core::store(color[0] + p, core::mad(f.weight, red, load_wide(color[0] + p)));
        core::store(color[1] + p, core::mad(f.weight, green, load_wide(color[1] + p)));
        core::store(color[2] + p, core::mad(f.weight, blue, load_wide(color[2] + p)));
        if (kDepth) core::store(depth + p, core::mad(f.weight, z, load_wide(depth + p)));
      });
    }
  }
  a.tile_last[tile] = next - t.begin;
  a.tile_evaluated[tile] = looked_at * kBlockPixels;
  for_block_rows(a, t, [&](int p, size_t to) {
    for (int x = 0; x < kBlock; ++x) {
      const float left = core::maximum(T[p + x], -T[p + x]);
      for (int c = 0; c < 3; ++c)
        a.image[size_t(c) * a.plane + to + size_t(x)] = core::mad(left, a.background[c], color[c][p + x]);
      a.transmittance[to + size_t(x)] = left;
      if (kDepth) a.depth[to + size_t(x)] = depth[p + x];
    }
  });
}

void blend(const BlendArgs& a, uint32_t tile) {
  if (a.depth != nullptr)
    blend_tile<true>(a, tile);
  else
    blend_tile<false>(a, tile);
}

// With g = d loss / d colour, C the colour in front of a splat, q = rgb . g and w = alpha T:
//   d loss / d alpha = q T + (S + w q) / (1 - alpha),   S = (C - C_final) . g - T_final (background . g - d_alpha).
// S starts as T_final d_alpha - out . g (out includes the background) and grows by w q with each splat, so one number
// per pixel replaces the colour behind the splat.
template <bool kFragments>
inline void blend_tile_backward(const BlendArgs& a, uint32_t tile) {
  const Tile t = make_tile(a, tile);
  const uint32_t last = t.begin + a.tile_last[tile];
  const auto clear = [&](uint32_t j) {
    a.gradients[a.slots[j]] = {};
    if (kFragments) a.fragments[a.slots[j]] = {};
  };
  for (uint32_t j = last; j < t.end; ++j) clear(j);
  if (last == t.begin) return;
  fetch_splats(a, t.begin, last);
  fetch_gradients(a, t.begin, last);

  Transmittance pixels(a, t);
  float* const T = pixels.T;
  alignas(64) float S[kPixels] = {}, d[3][kPixels] = {};
  for_block_rows(a, t, [&](int p, size_t from) {
    for (int x = 0; x < kBlock; ++x) {
      const size_t at = from + size_t(x);
      float s = a.d_alpha != nullptr ? a.transmittance[at] * a.d_alpha[at] : 0.f;
      for (int c = 0; c < 3; ++c) {
        d[c][p + x] = a.d_image[size_t(c) * a.plane + at];
        s -= a.image[size_t(c) * a.plane + at] * d[c][p + x];
      }
      S[p + x] = s;
    }
  });

  for (uint32_t next = t.begin; next < last;) {
    Chunk chunk(a, next, last);
    chunk.repeat(a, t);
    fetch_gradients(a, next + kChunk, last);
    for (const uint32_t end = next + chunk.count; next < end; ++next) {
      const float* opacity = chunk.opacity[next - chunk.first];
      if (a.vectors[next] == 0) {
        clear(next);
        continue;
      }
      const Splat& s = a.splats[a.order[next]];
      const Wide x(s.x - float(t.x0)), y(s.y - float(t.y0));
      const Wide red(s.rgb[0]), green(s.rgb[1]), blue(s.rgb[2]), zero(0.f);
      Wide sum_red = zero, sum_green = zero, sum_blue = zero, h_sum = zero, h_dx = zero, h_dy = zero;
      Wide h_dxdx = zero, h_dxdy = zero, h_dydy = zero;
      const Wide A(s.A), B(s.B), C(s.C);
      Wide count = zero, weight = zero, absolute_x = zero, absolute_y = zero, h_square = zero;
      for_vectors(a.vectors[next], [&](int p) {
        const Wide T_before = load_wide(T + p), raw = load_wide(opacity + p);
        const Fragment f = fragment(raw, T_before);
        core::store(T + p, f.next);
        const Wide d_red = load_wide(d[0] + p), d_green = load_wide(d[1] + p), d_blue = load_wide(d[2] + p);
        const Wide q = core::mad(red, d_red, core::mad(green, d_green, blue * d_blue));
        const Wide behind = core::mad(f.weight, q, load_wide(S + p));
        core::store(S + p, behind);
        const Wide d_alpha = core::mad(q, T_before, behind * core::reciprocal(Wide(1.f) - f.alpha));
        // A clamped alpha is constant.
        const Wide h = core::select(f.takes & (raw <= Wide(a.gradient_cap)), raw * d_alpha, zero);
        sum_red = core::mad(f.weight, d_red, sum_red);
        sum_green = core::mad(f.weight, d_green, sum_green);
        sum_blue = core::mad(f.weight, d_blue, sum_blue);
        const Wide dx = x - load_wide(kCenters.x + p), dy = y - load_wide(kCenters.y + p);
        const Wide along_x = h * dx, along_y = h * dy;
        h_sum = h_sum + h;
        h_dx = h_dx + along_x;
        h_dy = h_dy + along_y;
        h_dxdx = core::mad(along_x, dx, h_dxdx);
        h_dxdy = core::mad(along_x, dy, h_dxdy);
        h_dydy = core::mad(along_y, dy, h_dydy);
        if (kFragments) {
          const Wide g_x = core::mad(A, along_x, B * along_y), g_y = core::mad(C, along_y, B * along_x);
          count = count + core::select(f.weight > zero, Wide(1.f), zero);
          weight = weight + f.weight;
          absolute_x = absolute_x + core::maximum(g_x, -g_x);
          absolute_y = absolute_y + core::maximum(g_y, -g_y);
          h_square = core::mad(h, h, h_square);
        }
      });
      const Wide vectors[8] = {sum_red, sum_green, sum_blue, h_sum, h_dx, h_dy, h_dxdx, h_dxdy};
      float first[8];  // in the order of InstanceGradient
      core::sums(vectors, first);
      InstanceGradient& out = a.gradients[a.slots[next]];
      std::memcpy(&out, first, sizeof first);
      out.h_dydy = core::sum(h_dydy);
      if (kFragments)
        a.fragments[a.slots[next]] = {core::sum(count), core::sum(weight), core::sum(absolute_x), core::sum(absolute_y),
                                      core::sum(h_square)};
    }
  }
}

void blend_backward(const BlendArgs& a, uint32_t tile) {
  if (a.fragments != nullptr)
    blend_tile_backward<true>(a, tile);
  else
    blend_tile_backward<false>(a, tile);
}

// Repeats the forward pass to sum each instance's contributions.
void blend_score(const BlendArgs& a, uint32_t tile) {
  const Tile t = make_tile(a, tile);
  const uint32_t last = t.begin + a.tile_last[tile];
  for (uint32_t j = last; j < t.end; ++j) a.scores[a.slots[j]] = {};
  if (last == t.begin) return;
  fetch_splats(a, t.begin, last);
  Transmittance pixels(a, t);
  float* const T = pixels.T;
  alignas(64) float pixel_weights[kPixels] = {};
  for_block_rows(a, t, [&](int p, size_t from) {
    for (int x = 0; x < kBlock; ++x) pixel_weights[p + x] = a.pixel_weights[from + size_t(x)];
  });
  for (uint32_t next = t.begin; next < last;) {
    Chunk chunk(a, next, last);
    chunk.repeat(a, t);
    for (const uint32_t end = next + chunk.count; next < end; ++next) {
      const float* opacity = chunk.opacity[next - chunk.first];
      const Splat& s = a.splats[a.order[next]];
      const Wide x(s.x - float(t.x0)), y(s.y - float(t.y0)), zero(0.f);
      Wide loss = zero, count = zero, blended = zero, distance = zero;
      for_vectors(a.vectors[next], [&](int p) {
        const Fragment f = fragment(load_wide(opacity + p), load_wide(T + p));
        core::store(T + p, f.next);
        const Wide dx = x - load_wide(kCenters.x + p), dy = y - load_wide(kCenters.y + p);
        const Mask<Wide> takes = f.weight > zero;
        loss = loss + core::select(takes, load_wide(pixel_weights + p), zero);
        count = count + core::select(takes, Wide(1.f), zero);
        blended = blended + f.weight;
        distance = distance + core::select(takes, core::sqrt(core::mad(dx, dx, dy * dy)), zero);
      });
      a.scores[a.slots[next]] = {core::sum(loss), core::sum(count), core::sum(blended), core::sum(distance)};
    }
  }
}
