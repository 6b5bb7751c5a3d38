// Gaussians to splats, eight at a time, and the tiles each one reaches.

// Prefetch distance in floats: six vectors. There are more planes than the hardware prefetcher can track.
constexpr int kAhead = 48;

inline F8 load_ahead(const float* at) {
  __builtin_prefetch(at + kAhead);
  return core::load(at);
}

// Eight Gaussians' activated geometry. ordered: no activated parameter is NaN (a NaN elsewhere shows in the splat).
struct Loaded {
  F8 mean[3], scale[3], quat[4], opacity;
  core::Mask8 ordered;
};

inline Loaded load_gaussians(const ProjectArgs& a, uint32_t i) {
  Loaded g;
  for (int k = 0; k < 3; ++k) g.mean[k] = load_ahead(a.parameters.plane(Layout::means() + k) + i);
  const F8 opacity = load_ahead(a.parameters.plane(a.layout.opacity()) + i);
  g.ordered = opacity <= opacity;
  for (int k = 0; k < 3; ++k) {
    const F8 log_scale = load_ahead(a.parameters.plane(a.layout.log_scales() + k) + i);
    g.ordered = g.ordered & (log_scale <= log_scale);
    g.scale[k] = core::exp(log_scale);
  }
  for (int k = 0; k < 4; ++k) g.quat[k] = load_ahead(a.parameters.plane(a.layout.quats() + k) + i);
  g.opacity = core::used_opacity(a.layout.linear_opacity, opacity);
  return g;
}

struct LoadSh {
  const ProjectArgs& a;
  uint32_t i;
  F8 operator()(int k, int channel) const { return load_ahead(a.parameters.plane(Layout::sh() + 3 * k + channel) + i); }
};

// Tiles k .. k + 7 of the rectangle, row by row, that the splat reaches: one bit each.
inline uint32_t reached_tiles(const Splat& s, const TileRectangle& r, int k) {
  const F8 width(float(r.x1 - r.x0)), index = F8(float(k)) + F8(core::NativeF{0.f, 1.f, 2.f, 3.f, 4.f, 5.f, 6.f, 7.f});
  // No multiple of the width is within rounding of index + 1/2: the number of rows above it is exact.
  const F8 row = core::ceil((index + F8(0.5f)) / width) - F8(1.f), column = index - row * width;
  const F8 side{float(core::kTile)}, span(float(core::kTile - 1));
  const F8 left = core::mad(column + F8(float(r.x0)), side, F8(0.5f)) - F8(s.x);
  const F8 top = core::mad(row + F8(float(r.y0)), side, F8(0.5f)) - F8(s.y);
  const F8 least = core::smallest_quadratic(F8(s.A), F8(s.B), F8(s.C), left, left + span, top, top + span);
  const F8 tiles(float(core::area(r)));
  return core::lane_bits((least <= F8(s.cut)) & (index < tiles));
}

// Calls take(tile) for each tile that the splat reaches, row by row, eight at a time; `known`: the first eight, one bit
// each.
template <class Take>
inline void for_tiles(const ProjectArgs& a, uint32_t i, uint32_t known, const Take& take) {
  const Splat& s = a.splats[i];
  const TileRectangle r = a.tile_rectangles[i];
  const int width = r.x1 - r.x0, tiles = core::area(r);
  for (int k = 0; k < tiles; k += kLanes) {
    uint32_t bits = k == 0 ? known : reached_tiles(s, r, k);
    for (; bits != 0; bits &= bits - 1) {
      const int index = k + __builtin_ctz(bits);
      take(uint32_t((r.y0 + index / width) * a.tiles_x + r.x0 + index % width));
    }
  }
}

void project(const ProjectArgs& a, uint32_t first, uint32_t last) {
  const core::Camera<float> camera = core::camera_from(a.camera);
  const bool by_alpha = camera.coverage == TAME_COVERAGE_ALPHA;
  for (uint32_t i = first; i < last; i += kLanes) {
    const Loaded g = load_gaussians(a, i);
    const core::Footprint<F8> f = core::project(camera, g.mean, g.scale, g.quat);
    const F8 cut = core::cut_power(g.opacity * f.factor), stretch = f.conic[0] * f.variance[0];
    float lanes[10][kLanes];
    const F8 columns[10] = {f.mean[0],
                            f.mean[1],
                            f.conic[0],
                            f.conic[1],
                            f.conic[2],
                            cut,
                            f.depth,
                            core::select(g.ordered, f.radius, F8(0.f)),
                            core::reach(cut, f.variance[0], stretch),
                            core::reach(cut, f.variance[1], stretch)};
    for (int c = 0; c < 10; ++c) core::store(lanes[c], columns[c]);
    const uint32_t lane_count = last - i < uint32_t(kLanes) ? last - i : uint32_t(kLanes);
    bool reached = false;
    for (uint32_t l = 0; l < lane_count; ++l) {
      a.tile_counts[i + l] = 0;
      a.radii[i + l] = 0.f;
      if (!(lanes[7][l] > 0.f)) continue;
      const TileRectangle bounds =
          core::coverage_bounds(camera.coverage, lanes[0][l], lanes[1][l], lanes[7][l], a.tiles_x, a.tiles_y);
      if (core::empty(bounds)) continue;
      Splat& s = a.splats[i + l];
      s.x = lanes[0][l];
      s.y = lanes[1][l];
      s.A = lanes[2][l];
      s.B = lanes[3][l];
      s.C = lanes[4][l];
      s.cut = lanes[5][l];
      s.depth = lanes[6][l];
      uint32_t tiles = 0;
      if (s.cut >= 0.f) {
        const TileRectangle r = core::tiles_in_reach(s.x, s.y, lanes[8][l], lanes[9][l], bounds);
        a.tile_rectangles[i + l] = r;
        const uint32_t first = core::empty(r) ? 0 : reached_tiles(s, r, 0);
        a.first_tiles[i + l] = uint8_t(first);
        tiles = uint32_t(__builtin_popcount(first));
        for (int k = kLanes; k < core::area(r); k += kLanes)
          tiles += uint32_t(__builtin_popcount(reached_tiles(s, r, k)));
      }
      a.tile_counts[i + l] = tiles;
      if (tiles != 0 || !by_alpha) a.radii[i + l] = lanes[7][l];
      reached = reached || tiles != 0;
    }
    if (!reached) continue;
    const core::ViewDirection<F8> direction = core::view_direction<F8>(camera.center, g.mean);
    F8 rgb[3];
    core::sh_color(a.active_degree, direction.d, LoadSh{a, i}, rgb);
    for (int c = 0; c < 3; ++c) core::store(lanes[c], rgb[c]);
    const core::Mask8 drawable = core::drawable(rgb);
    for (uint32_t l = 0; l < lane_count; ++l) {
      if (drawable.v[l] == 0) {
        a.tile_counts[i + l] = 0;
        if (by_alpha) a.radii[i + l] = 0.f;
      }
      uint8_t clamped = 0;
      for (int c = 0; c < 3; ++c) {
        if (lanes[c][l] < 0.f) clamped = uint8_t(clamped | (1 << c));
        a.splats[i + l].rgb[c] = core::maximum(lanes[c][l], 0.f);
      }
      a.clamped[i + l] = clamped;
    }
  }
}

void write_tiles(const ProjectArgs& a, uint32_t first, uint32_t last) {
  for (uint32_t i = first; i < last; ++i) {
    if (a.tile_counts[i] == 0) continue;
    uint32_t* out = a.instance_tiles + a.offsets[i];
    for_tiles(a, i, a.first_tiles[i], [&](uint32_t tile) { *out++ = tile; });
  }
}
