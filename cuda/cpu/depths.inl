// The loss of depths in one tile (core/depths.h): blends again only the vectors that have such a pixel, with the bits of
// the blend, once for the depths and once for the gradient. Tiles are independent, since an instance is in one tile.

// Place of a pixel in a tile's arrays.
inline int pixel_place(int x, int y) {
  return (y / kBlock * kBlocksAcross + x / kBlock) * kBlockPixels + y % kBlock * kBlock + x % kBlock;
}

// Calls body(instance, splat, pixel, opacity, fragment) for the instances of a tile in some vectors, front to back.
template <class Begin, class Body, class End>
inline void blend_vectors(const BlendArgs& a, const Tile& t, uint32_t last, uint32_t vectors, const Begin& begin,
                          const Body& body, const End& end) {
  Transmittance pixels(a, t);
  float* const T = pixels.T;
  for (uint32_t j = t.begin; j < last; ++j) {
    const uint32_t touched = a.vectors[j] & vectors;
    if (touched == 0) continue;
    const Splat& s = a.splats[a.order[j]];
    const Falloff falloff(s, t);
    begin();
    for_vectors(touched, [&](int p) {
      const Wide opacity = falloff.at(p), before = load_wide(T + p);
      const Fragment f = fragment(opacity, before);
      core::store(T + p, f.next);
      body(s, p, opacity, before, f);
    });
    end(j, s);
  }
}

void depth_loss(const DepthArgs& d, uint32_t entry) {
  const BlendArgs& a = d.blend;
  const DepthTile& at = d.tiles[entry];
  const Tile t = make_tile(a, at.tile);
  const uint32_t last = t.begin + a.tile_last[at.tile];
  uint32_t vectors = 0;
  for (uint32_t k = at.first; k < at.first + at.count; ++k)
    vectors |= 1u << pixel_place(d.points[k].x, d.points[k].y) / kWideLanes;

  alignas(64) float weights[kPixels] = {}, sums[kPixels] = {};
  const auto nothing = [](auto...) {};
  blend_vectors(
      a, t, last, vectors, nothing,
      [&](const Splat& s, int p, Wide, Wide, const Fragment& f) {
        core::store(weights + p, load_wide(weights + p) + f.weight);
        core::store(sums + p, core::mad(f.weight, Wide(s.depth), load_wide(sums + p)));
      },
      nothing);

  // Of pixels without a point the factor stays 0.
  alignas(64) float depth[kPixels] = {}, factor[kPixels] = {}, S[kPixels] = {};
  double loss = 0;
  for (uint32_t k = at.first; k < at.first + at.count; ++k) {
    const DepthPoint& point = d.points[k];
    const int p = pixel_place(point.x, point.y);
    const core::DepthTerm<float> term =
        core::depth_term(weights[p], sums[p], point.inverse_depth, d.weight * point.share);
    depth[p] = term.depth;
    factor[p] = term.factor;
    loss += double(term.loss);
  }
  d.losses[entry] = loss;
  if (d.gradients == nullptr) return;

  // As blend_tile_backward, for one channel of colour q = factor (depth_i - z): its sum over a pixel is 0, so that S,
  // the sum of w q up to a splat, starts as 0.
  const Wide zero(0.f);
  Wide through_depth = zero, h_sum = zero, h_dx = zero, h_dy = zero, h_dxdx = zero, h_dxdy = zero, h_dydy = zero;
  blend_vectors(
      a, t, last, vectors,
      [&] { through_depth = h_sum = h_dx = h_dy = h_dxdx = h_dxdy = h_dydy = zero; },
      [&](const Splat& s, int p, Wide opacity, Wide T_before, const Fragment& f) {
        const Wide c = load_wide(factor + p), q = c * (Wide(s.depth) - load_wide(depth + p));
        const Wide behind = core::mad(f.weight, q, load_wide(S + p));
        core::store(S + p, behind);
        const Wide d_alpha = core::mad(q, T_before, behind * core::reciprocal(Wide(1.f) - f.alpha));
        const Wide h = core::select(f.takes & (opacity <= Wide(a.gradient_cap)), opacity * d_alpha, zero);
        const Wide dx = Wide(s.x - float(t.x0)) - load_wide(kCenters.x + p);
        const Wide dy = Wide(s.y - float(t.y0)) - load_wide(kCenters.y + p);
        const Wide along_x = h * dx, along_y = h * dy;
        through_depth = core::mad(c, f.weight, through_depth);
        h_sum = h_sum + h;
        h_dx = h_dx + along_x;
        h_dy = h_dy + along_y;
        h_dxdx = core::mad(along_x, dx, h_dxdx);
        h_dxdy = core::mad(along_x, dy, h_dxdy);
        h_dydy = core::mad(along_y, dy, h_dydy);
      },
      [&](uint32_t j, const Splat&) {
        InstanceGradient& out = a.gradients[a.slots[j]];
        out.h += core::sum(h_sum);
        out.h_dx += core::sum(h_dx);
        out.h_dy += core::sum(h_dy);
        out.h_dxdx += core::sum(h_dxdx);
        out.h_dxdy += core::sum(h_dxdy);
        out.h_dydy += core::sum(h_dydy);
        d.gradients[a.slots[j]] = core::sum(through_depth);
      });
}
