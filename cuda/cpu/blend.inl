// One tile, front to back: alpha blending and its derivative (Kerbl et al. 2023; the derivative in the front-to-back
// form of Mallick et al. 2024). Pixels lie in rows of two vectors.

using core::kTile;
using core::Mask;

constexpr int kGroups = kTile / kLanes;  // vectors in a tile row
constexpr int kDoneCheck = 32;           // splats between looks whether every pixel is done

struct TilePixels {
  int x0, y0, rows;
};

inline TilePixels tile_pixels(const BlendArgs& a, uint32_t tile) {
  TilePixels t;
  t.x0 = int(tile) % a.tiles_x * kTile;
  t.y0 = int(tile) / a.tiles_x * kTile;
  t.rows = a.height - t.y0 < kTile ? a.height - t.y0 : kTile;
  return t;
}

// Transmittance 1 inside the image and 0, which takes part in nothing, outside.
inline void fresh_transmittance(const BlendArgs& a, const TilePixels& t, float T[kTile * kTile]) {
  for (int y = 0; y < kTile; ++y)
    for (int x = 0; x < kTile; ++x) T[y * kTile + x] = y < t.rows && t.x0 + x < a.width ? 1.f : 0.f;
}

struct Reach {
  int row_first, row_last;  // inclusive; empty where last < first
  bool group[kGroups];
};

inline Reach reach(const Splat& s, const TilePixels& t) {
  Reach r;
  const float top = s.y - s.half_y - (float(t.y0) + 0.5f), bottom = s.y + s.half_y - (float(t.y0) + 0.5f);
  r.row_first = int(core::ceil(core::clamp(top, 0.f, float(kTile))));
  r.row_last = int(core::clamp(bottom, -1.f, float(t.rows - 1)) + 1.f) - 1;  // floor, from -1 up
  for (int g = 0; g < kGroups; ++g) {
    const float left = float(t.x0 + g * kLanes) + 0.5f;
    r.group[g] = s.x + s.half_x >= left && s.x - s.half_x <= left + float(kLanes - 1);
  }
  return r;
}

// What a splat does to eight pixels of transmittance T. Forward and backward share it, so they take the same splats
// and, pixel for pixel, see the same bits.
struct Fragment {
  F8 dx;
  F8 alpha;          // capped
  F8 raw;            // opacity exp(-E), before the cap
  F8 after;          // T (1 - alpha)
  Mask<F8> takes;    // contributes
  Mask<F8> touches;  // alpha reaches 1/255: contributes, or ends the pixel
};

inline __attribute__((always_inline)) Fragment fragment(const Splat& s, F8 pixel_x, float dy, F8 T) {
  Fragment f;
  f.dx = F8(s.x) - pixel_x;
  const F8 power = core::mad(F8(0.5f), core::mad(F8(s.A) * f.dx, f.dx, F8(s.C * dy * dy)), F8(s.B * dy) * f.dx);
  f.raw = F8(s.opacity) * core::exp(-power);
  f.alpha = core::minimum(f.raw, F8(core::kMaxAlpha));
  f.after = T * (F8(1.f) - f.alpha);
  f.touches = (power >= F8(0.f)) & (f.alpha >= F8(core::kMinAlpha));
  f.takes = f.touches & (f.after >= F8(core::kMinTransmittance));
  return f;
}

// The next transmittance: 0 ends the pixel, since nothing can be taken from it.
inline __attribute__((always_inline)) F8 next_transmittance(const Fragment& f, F8 T) {
  return core::select(f.takes, f.after, core::select(f.touches, F8(0.f), T));
}

inline bool all_done(const float T[kTile * kTile]) {
  F8 most(0.f);
  for (int p = 0; p < kTile * kTile; p += kLanes) most = core::maximum(most, core::load(T + p));
  return !core::any(most > F8(0.f));
}

inline F8 lane_centers(int x) {
  const float left = float(x) + 0.5f;
  const core::NativeF steps = {0.f, 1.f, 2.f, 3.f, 4.f, 5.f, 6.f, 7.f};
  return F8(left) + F8(steps);
}

template <bool kDepth>
inline void blend_tile(const BlendArgs& a, uint32_t tile) {
  const TilePixels t = tile_pixels(a, tile);
  const uint32_t begin = a.tile_starts[tile], end = a.tile_starts[tile + 1];
  alignas(32) float T[kTile * kTile], final_T[kTile * kTile], color[3][kTile * kTile], depth[kTile * kTile];
  fresh_transmittance(a, t, T);
  for (int p = 0; p < kTile * kTile; ++p) {
    final_T[p] = 1.f;
    color[0][p] = color[1][p] = color[2][p] = depth[p] = 0.f;
  }
  uint32_t last = 0, evaluated = 0;
  for (uint32_t j = begin; j < end; ++j) {
    if ((j - begin) % kDoneCheck == 0 && all_done(T)) break;
    const Splat& s = a.splats[a.order[j]];
    const Reach r = reach(s, t);
    for (int g = 0; g < kGroups; ++g) {
      if (!r.group[g]) continue;
      const F8 pixel_x = lane_centers(t.x0 + g * kLanes);
      for (int y = r.row_first; y <= r.row_last; ++y) {
        const int p = y * kTile + g * kLanes;
        const F8 before = core::load(T + p);
        const Fragment f = fragment(s, pixel_x, s.y - (float(t.y0 + y) + 0.5f), before);
        core::store(T + p, next_transmittance(f, before));
        evaluated += uint32_t(kLanes);
        if (!core::any(f.takes)) continue;
        last = j - begin + 1;
        const F8 weight = core::select(f.takes, f.alpha * before, F8(0.f));
        for (int c = 0; c < 3; ++c)
          core::store(color[c] + p, core::mad(weight, F8(s.rgb[c]), core::load(color[c] + p)));
        core::store(final_T + p, core::select(f.takes, f.after, core::load(final_T + p)));
        if (kDepth) core::store(depth + p, core::mad(weight, F8(s.depth), core::load(depth + p)));
      }
    }
  }
  a.tile_last[tile] = last;
  a.tile_evaluated[tile] = evaluated;
  for (int y = 0; y < t.rows; ++y) {
    const size_t at = size_t(t.y0 + y) * a.row + size_t(t.x0);
    for (int g = 0; g < kGroups; ++g) {
      const int p = y * kTile + g * kLanes;
      const F8 left = core::load(final_T + p);
      for (int c = 0; c < 3; ++c)
        core::store(a.image + size_t(c) * a.plane + at + size_t(g * kLanes),
                    core::mad(left, F8(a.background[c]), core::load(color[c] + p)));
      core::store(a.transmittance + at + size_t(g * kLanes), left);
      if (kDepth) core::store(a.depth + at + size_t(g * kLanes), core::load(depth + p));
    }
  }
}

void blend(const BlendArgs& a, uint32_t tile) {
  if (a.depth != nullptr)
    blend_tile<true>(a, tile);
  else
    blend_tile<false>(a, tile);
}

// With g = d loss / d colour, C the colour in front of a splat, q = rgb . g and w = alpha T:
//   d loss / d alpha = q T + (S + w q) / (1 - alpha),   S = (C - C_final) . g - T_final (background . g - d_alpha).
// S starts as T_final d_alpha - out . g (out holds the background) and grows by w q with each splat: one number a pixel
// stands for the colour behind.
void blend_backward(const BlendArgs& a, uint32_t tile) {
  const TilePixels t = tile_pixels(a, tile);
  const uint32_t begin = a.tile_starts[tile], end = a.tile_starts[tile + 1];
  const uint32_t last = begin + a.tile_last[tile];
  const InstanceGradient none = {};
  for (uint32_t j = last; j < end; ++j) a.gradients[a.slots[j]] = none;
  if (last == begin) return;

  alignas(32) float T[kTile * kTile], S[kTile * kTile], d[3][kTile * kTile];
  fresh_transmittance(a, t, T);
  for (int y = 0; y < t.rows; ++y) {
    const size_t at = size_t(t.y0 + y) * a.row + size_t(t.x0);
    for (int g = 0; g < kGroups; ++g) {
      const int p = y * kTile + g * kLanes;
      const size_t from = at + size_t(g * kLanes);
      F8 s(0.f);
      if (a.d_alpha != nullptr) s = core::load(a.transmittance + from) * core::load(a.d_alpha + from);
      for (int c = 0; c < 3; ++c) {
        const F8 d_color = core::load(a.d_image + size_t(c) * a.plane + from);
        core::store(d[c] + p, d_color);
        s = s - core::load(a.image + size_t(c) * a.plane + from) * d_color;
      }
      core::store(S + p, s);
    }
  }

  for (uint32_t j = begin; j < last; ++j) {
    const Splat& s = a.splats[a.order[j]];
    const Reach r = reach(s, t);
    F8 rgb[3] = {F8(0.f), F8(0.f), F8(0.f)};
    F8 h_sum(0.f), h_dx(0.f), h_dy(0.f), h_dxdx(0.f), h_dxdy(0.f), h_dydy(0.f);
    for (int g = 0; g < kGroups; ++g) {
      if (!r.group[g]) continue;
      const F8 pixel_x = lane_centers(t.x0 + g * kLanes);
      for (int y = r.row_first; y <= r.row_last; ++y) {
        const int p = y * kTile + g * kLanes;
        const float dy = s.y - (float(t.y0 + y) + 0.5f);
        const F8 before = core::load(T + p);
        const Fragment f = fragment(s, pixel_x, dy, before);
        core::store(T + p, next_transmittance(f, before));
        if (!core::any(f.takes)) continue;
        const F8 weight = core::select(f.takes, f.alpha * before, F8(0.f));
        const F8 d0 = core::load(d[0] + p), d1 = core::load(d[1] + p), d2 = core::load(d[2] + p);
        const F8 q = core::mad(F8(s.rgb[0]), d0, core::mad(F8(s.rgb[1]), d1, F8(s.rgb[2]) * d2));
        const F8 behind = core::mad(weight, q, core::load(S + p));
        core::store(S + p, behind);
        const F8 d_alpha = core::mad(q, before, behind / (F8(1.f) - f.alpha));
        // Where the cap holds, alpha does not move with the splat.
        const F8 h = core::select(f.takes & (f.raw <= F8(a.gradient_cap)), f.raw * d_alpha, F8(0.f));
        rgb[0] = core::mad(weight, d0, rgb[0]);
        rgb[1] = core::mad(weight, d1, rgb[1]);
        rgb[2] = core::mad(weight, d2, rgb[2]);
        const F8 along_x = h * f.dx, along_y = h * F8(dy);
        h_sum = h_sum + h;
        h_dx = h_dx + along_x;
        h_dy = h_dy + along_y;
        h_dxdx = core::mad(along_x, f.dx, h_dxdx);
        h_dxdy = core::mad(along_x, F8(dy), h_dxdy);
        h_dydy = core::mad(along_y, F8(dy), h_dydy);
      }
    }
    InstanceGradient& out = a.gradients[a.slots[j]];
    for (int c = 0; c < 3; ++c) out.rgb[c] = core::sum(rgb[c]);
    out.h = core::sum(h_sum);
    out.h_dx = core::sum(h_dx);
    out.h_dy = core::sum(h_dy);
    out.h_dxdx = core::sum(h_dxdx);
    out.h_dxdy = core::sum(h_dxdy);
    out.h_dydy = core::sum(h_dydy);
  }
}

// The forward once more, for what each instance contributes where.
void blend_score(const BlendArgs& a, uint32_t tile) {
  const TilePixels t = tile_pixels(a, tile);
  const uint32_t begin = a.tile_starts[tile], end = a.tile_starts[tile + 1];
  const uint32_t last = begin + a.tile_last[tile];
  for (uint32_t j = last; j < end; ++j) a.scores[a.slots[j]] = {};
  if (last == begin) return;
  alignas(32) float T[kTile * kTile];
  fresh_transmittance(a, t, T);
  for (uint32_t j = begin; j < last; ++j) {
    const Splat& s = a.splats[a.order[j]];
    const Reach r = reach(s, t);
    F8 loss(0.f), count(0.f), blended(0.f), distance(0.f);
    for (int g = 0; g < kGroups; ++g) {
      if (!r.group[g]) continue;
      const F8 pixel_x = lane_centers(t.x0 + g * kLanes);
      for (int y = r.row_first; y <= r.row_last; ++y) {
        const int p = y * kTile + g * kLanes;
        const float dy = s.y - (float(t.y0 + y) + 0.5f);
        const F8 before = core::load(T + p);
        const Fragment f = fragment(s, pixel_x, dy, before);
        core::store(T + p, next_transmittance(f, before));
        if (!core::any(f.takes)) continue;
        const F8 pixel_weight = core::load(a.pixel_weights + size_t(t.y0 + y) * a.row + size_t(t.x0 + g * kLanes));
        const F8 none(0.f);
        loss = loss + core::select(f.takes, pixel_weight, none);
        count = count + core::select(f.takes, F8(1.f), none);
        blended = blended + core::select(f.takes, f.alpha * before, none);
        distance = distance + core::select(f.takes, core::sqrt(core::mad(f.dx, f.dx, F8(dy * dy))), none);
      }
    }
    a.scores[a.slots[j]] = {core::sum(loss), core::sum(count), core::sum(blended), core::sum(distance)};
  }
}
