// Gradients of a step's views, added up eight Gaussians at a time.

void add_gradients(const GradientSum& sum, uint32_t first, uint32_t last) {
  for (int plane = 0; plane < sum.planes; ++plane)
    for (uint32_t i = first; i < last; i += kLanes)
      core::store(sum.to.plane(plane) + i,
                  core::summed_gradients<F8>(sum, plane, [i](const float* from) { return core::load(from + i); }));
}
