// The loss of one depth of a tile (core/depths.h): blends again the vector that has its pixel, with the bits of the
// blend, once for the depth and once for the gradient. Tiles are independent, since an instance is in one tile.

// Place of a pixel in a tile's arrays.
inline int pixel_place(int x, int y) {
  return (y / kBlock * kBlocksAcross + x / kBlock) * kBlockPixels + y % kBlock * kBlock + x % kBlock;
}

// Calls body(instance, splat, opacity, transmittance before, fragment) for a tile's instances in a vector, front to
// back. first: the vector's first pixel.
template <class Body>
inline void blend_vector(const BlendArgs& a, const Tile& t, uint32_t last, int first, const Body& body) {
  const Transmittance pixels(a, t);
  Wide T = load_wide(pixels.T + first);
  for (uint32_t j = t.begin; j < last; ++j) {
    if ((a.vectors[j] >> first / kWideLanes & 1) == 0) continue;
    const Splat& s = a.splats[a.order[j]];
    const Wide opacity = Falloff(s, t).at(first);
    const Fragment f = fragment(opacity, T);
    body(j, s, opacity, T, f);
    T = f.next;
  }
}

void depth_loss(const DepthArgs& d, uint32_t entry) {
  const BlendArgs& a = d.blend;
  const DepthTile& at = d.tiles[entry];
  const DepthPoint& point = d.points[core::drawn_depth(at, d.seed, d.iteration)];
  const Tile t = make_tile(a, at.tile);
  const uint32_t last = t.begin + a.tile_last[at.tile];
  const int place = pixel_place(point.x, point.y), lane = place % kWideLanes, first = place - lane;

  const Wide zero(0.f);
  Wide weight_sum = zero, depth_sum = zero;
  blend_vector(a, t, last, first, [&](uint32_t, const Splat& s, Wide, Wide, const Fragment& f) {
    weight_sum = weight_sum + f.weight;
    depth_sum = core::mad(f.weight, Wide(s.depth), depth_sum);
  });
  alignas(64) float weights[kWideLanes], sums[kWideLanes], factors[kWideLanes] = {};
  core::store(weights, weight_sum);
  core::store(sums, depth_sum);
  const core::DepthTerm<float> term =
      core::depth_term(weights[lane], sums[lane], point.inverse_depth, d.weight * point.share * float(at.count));
  d.losses[entry] = double(term.loss);
  if (d.gradients == nullptr) return;

  // As blend_tile_backward, for one channel of colour q = factor (depth_i - z): its sum over the pixel is 0, so that S,
  // the sum of w q up to a splat, starts as 0. The factor of the vector's other pixels is 0.
  factors[lane] = term.factor;
  const Wide c = load_wide(factors);
  Wide S = zero;
  blend_vector(a, t, last, first, [&](uint32_t j, const Splat& s, Wide opacity, Wide T, const Fragment& f) {
    const Wide q = c * Wide(s.depth - term.depth);
    S = core::mad(f.weight, q, S);
    const Wide d_alpha = core::mad(q, T, S * core::reciprocal(Wide(1.f) - f.alpha));
    const Wide h = core::select(f.takes & (opacity <= Wide(a.gradient_cap)), opacity * d_alpha, zero);
    const float h_sum = core::sum(h);
    const float dx = s.x - float(t.x0) - kCenters.x[place], dy = s.y - float(t.y0) - kCenters.y[place];
    InstanceGradient& out = a.gradients[a.slots[j]];
    out.h += h_sum;
    out.h_dx += h_sum * dx;
    out.h_dy += h_sum * dy;
    out.h_dxdx += h_sum * dx * dx;
    out.h_dxdy += h_sum * dx * dy;
    out.h_dydy += h_sum * dy * dy;
    d.gradients[a.slots[j]] = core::sum(c * f.weight);
  });
}
