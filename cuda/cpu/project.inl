// Gaussians to splats, eight at a time, and the tiles each one reaches.

// Eight Gaussians' geometry, activated. ordered: no activated parameter is NaN (a NaN elsewhere shows in the splat).
struct Loaded {
  F8 mean[3], scale[3], quat[4], opacity;
  core::Mask8 ordered;
};

inline Loaded load_gaussians(const ProjectArgs& a, uint32_t i) {
  Loaded g;
  for (int k = 0; k < 3; ++k) g.mean[k] = core::load(a.parameters.plane(Layout::means() + k) + i);
  const F8 opacity = core::load(a.parameters.plane(a.layout.opacity()) + i);
  g.ordered = opacity <= opacity;
  for (int k = 0; k < 3; ++k) {
    const F8 log_scale = core::load(a.parameters.plane(a.layout.log_scales() + k) + i);
    g.ordered = g.ordered & (log_scale <= log_scale);
    g.scale[k] = core::exp(log_scale);
  }
  for (int k = 0; k < 4; ++k) g.quat[k] = core::load(a.parameters.plane(a.layout.quats() + k) + i);
  g.opacity = core::used_opacity(a.layout.linear_opacity, opacity);
  return g;
}

struct LoadSh {
  const ProjectArgs& a;
  uint32_t i;
  F8 operator()(int k, int channel) const { return core::load(a.parameters.plane(Layout::sh() + 3 * k + channel) + i); }
};

// Calls take(tile) for each tile that the splat reaches, row by row. Counting and writing both go through here, so
// that the two always agree.
template <class Take>
inline void for_tiles(const ProjectArgs& a, uint32_t i, const Take& take) {
  const Splat& s = a.splats[i];
  const core::TileRectangle r = core::tile_rectangle(s.x, s.y, a.radii[i], a.tiles_x, a.tiles_y);
  const float cut = core::cut_power(s.opacity);
  if (!(cut >= 0.f)) return;
  for (int ty = r.y0; ty < r.y1; ++ty)
    for (int tx = r.x0; tx < r.x1; ++tx)
      if (core::reaches_tile(s.x, s.y, s.A, s.B, s.C, cut, tx, ty)) take(uint32_t(ty * a.tiles_x + tx));
}

void project(const ProjectArgs& a, uint32_t first, uint32_t last) {
  const core::Camera<float> camera = core::camera_from(a.camera);
  for (uint32_t i = first; i < last; i += kLanes) {
    const Loaded g = load_gaussians(a, i);
    const core::Footprint<F8> f = core::project(camera, g.mean, g.scale, g.quat);
    const F8 cut = core::cut_power(g.opacity);
    const F8 two_cut = F8(2.f) * core::maximum(cut, F8(0.f));
    // A hair wider than exact, so that rounding cannot cut off a pixel that the blend would take.
    const F8 half_x = core::mad(core::sqrt(two_cut * f.variance[0]), F8(1.0001f), F8(0.01f));
    const F8 half_y = core::mad(core::sqrt(two_cut * f.variance[1]), F8(1.0001f), F8(0.01f));
    float lanes[11][kLanes];
    const F8 columns[11] = {f.mean[0], f.mean[1], f.conic[0], f.conic[1], f.conic[2],
                            g.opacity, f.depth,   half_x,     half_y,     core::select(g.ordered, f.radius, F8(0.f)),
                            cut};
    for (int c = 0; c < 11; ++c) core::store(lanes[c], columns[c]);
    const uint32_t lane_count = last - i < uint32_t(kLanes) ? last - i : uint32_t(kLanes);
    bool reached = false;
    for (uint32_t l = 0; l < lane_count; ++l) {
      a.tile_counts[i + l] = 0;
      a.radii[i + l] = 0.f;
      if (!(lanes[9][l] > 0.f)) continue;
      const core::TileRectangle r = core::tile_rectangle(lanes[0][l], lanes[1][l], lanes[9][l], a.tiles_x, a.tiles_y);
      if (core::empty(r)) continue;
      a.radii[i + l] = lanes[9][l];
      Splat& s = a.splats[i + l];
      s.x = lanes[0][l];
      s.y = lanes[1][l];
      s.A = lanes[2][l];
      s.B = lanes[3][l];
      s.C = lanes[4][l];
      s.opacity = lanes[5][l];
      s.depth = lanes[6][l];
      s.half_x = lanes[7][l];
      s.half_y = lanes[8][l];
      uint32_t tiles = 0;
      for_tiles(a, i + l, [&](uint32_t) { ++tiles; });
      a.tile_counts[i + l] = tiles;
      reached = reached || tiles != 0;
    }
    if (!reached) continue;
    const core::ViewDirection<F8> direction = core::view_direction<F8>(camera.center, g.mean);
    F8 rgb[3];
    core::sh_color(a.active_degree, direction.d, LoadSh{a, i}, rgb);
    for (int c = 0; c < 3; ++c) core::store(lanes[c], rgb[c]);
    const core::Mask8 drawable = core::drawable(rgb);
    for (uint32_t l = 0; l < lane_count; ++l) {
      if (drawable.v[l] == 0) a.tile_counts[i + l] = 0;
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
    for_tiles(a, i, [&](uint32_t tile) { *out++ = tile; });
  }
}
