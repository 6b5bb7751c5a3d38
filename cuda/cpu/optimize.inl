// Per Gaussian, eight at a time: sums its instances' gradients in order, backpropagates them through projection and
// colour to the raw parameters, and applies Adam at once, so that no gradient of the scene is stored. A step in two
// parts stores them in between.

constexpr int kMaxPlanes = 59;

// Sums of one Gaussian's instances, lane l of each entry.
struct Summed {
  float rgb[3][kLanes], h[kLanes], h_dx[kLanes], h_dy[kLanes], h_dxdx[kLanes], h_dxdy[kLanes], h_dydy[kLanes];
};

// True if any lane has an instance.
inline bool sum_instances(const OptimizeArgs& a, uint32_t i, uint32_t lanes, Summed& out) {
  const ProjectArgs& p = a.projection;
  bool any = false;
  for (uint32_t l = 0; l < uint32_t(kLanes); ++l) {
    InstanceGradient sum = {};
    if (l < lanes && p.tile_counts[i + l] != 0) {
      any = true;
      const InstanceGradient* from = a.gradients + p.offsets[i + l];
      for (uint32_t k = 0; k < p.tile_counts[i + l]; ++k) {
        for (int c = 0; c < 3; ++c) sum.rgb[c] += from[k].rgb[c];
        sum.h += from[k].h;
        sum.h_dx += from[k].h_dx;
        sum.h_dy += from[k].h_dy;
        sum.h_dxdx += from[k].h_dxdx;
        sum.h_dxdy += from[k].h_dxdy;
        sum.h_dydy += from[k].h_dydy;
      }
    }
    for (int c = 0; c < 3; ++c) out.rgb[c][l] = sum.rgb[c];
    out.h[l] = sum.h;
    out.h_dx[l] = sum.h_dx;
    out.h_dy[l] = sum.h_dy;
    out.h_dxdx[l] = sum.h_dxdx;
    out.h_dxdy[l] = sum.h_dxdy;
    out.h_dydy[l] = sum.h_dydy;
  }
  return any;
}

// Conic entry `at` floats into each of eight neighbouring splats; 0 in lanes without instances.
inline F8 gather(const ProjectArgs& p, uint32_t i, uint32_t lanes, float Splat::*member) {
  F8 x(0.f);
  for (uint32_t l = 0; l < lanes; ++l)
    if (p.tile_counts[i + l] != 0) x.v[l] = p.splats[i + l].*member;
  return x;
}

struct Gradients {
  F8 plane[kMaxPlanes + kStatisticPlanes];
  F8 mean2[2];
  F8* statistics;  // the planes after those of the parameters: what the step adds to each

  explicit Gradients(const Layout& layout) : statistics(plane + layout.planes()) {}
};

// The statistics of fragments. h: sums of d loss / d log(alpha).
__attribute__((noinline)) void fragment_statistics(const OptimizeArgs& a, uint32_t i, uint32_t lanes, const F8& opacity,
                                                   const float* h, Gradients& g) {
  const ProjectArgs& p = a.projection;
  for (uint32_t l = 0; l < lanes; ++l) {
    FragmentSums sum = {};
    for (uint32_t k = 0; k < p.tile_counts[i + l]; ++k) core::add(sum, a.fragments[p.offsets[i + l] + k]);
    if (!(sum.count > 0.f)) continue;
    const float absolute[2] = {sum.absolute_x, sum.absolute_y};
    float values[kFragmentPlanes];
    core::fragment_statistics(
        sum, h[l], opacity.v[l], *a.largest_gradient,
        core::density_gradient(absolute, p.camera.width, p.camera.height, p.splats[i + l].depth, a.full_gradient_depth),
        values);
    for (uint32_t k = 0; k < kFragmentPlanes; ++k) g.statistics[kDensityPlanes + k].v[l] = values[k];
  }
}

// The mean's gradient through the depth, which is the camera's z.
__attribute__((noinline)) void add_depth_gradients(const OptimizeArgs& a, const core::Camera<float>& camera, uint32_t i,
                                                   uint32_t lanes, F8 g_mean[3]) {
  const ProjectArgs& p = a.projection;
  F8 sum(0.f);
  for (uint32_t l = 0; l < lanes; ++l)
    for (uint32_t k = 0; k < p.tile_counts[i + l]; ++k) sum.v[l] += a.depth_gradients[p.offsets[i + l] + k];
  for (int k = 0; k < 3; ++k) g_mean[k] = core::mad(F8(camera.rotation[6 + k]), sum, g_mean[k]);
}

inline void gaussian_gradients(const OptimizeArgs& a, const core::Camera<float>& camera, uint32_t i, uint32_t lanes,
                               Gradients& g) {
  const ProjectArgs& p = a.projection;
  if (a.fragments != nullptr || a.gradients_to.base != nullptr)
    for (uint32_t k = 0; k < kStatisticPlanes; ++k) g.statistics[k] = F8(0.f);
  Summed sums;
  if (!sum_instances(a, i, lanes, sums)) {
    for (int k = 0; k < p.layout.planes(); ++k) g.plane[k] = F8(0.f);
    g.mean2[0] = g.mean2[1] = F8(0.f);
    return;
  }

  const Loaded x = load_gaussians(p, i);
  const F8 A = gather(p, i, lanes, &Splat::A), B = gather(p, i, lanes, &Splat::B), C = gather(p, i, lanes, &Splat::C);
  const F8 h_dx = core::load(sums.h_dx), h_dy = core::load(sums.h_dy);
  // log(alpha) = log(opacity) - (A dx^2 + C dy^2) / 2 - B dx dy.
  g.mean2[0] = -core::mad(A, h_dx, B * h_dy);
  g.mean2[1] = -core::mad(C, h_dy, B * h_dx);
  const F8 g_conic[3] = {F8(-0.5f) * core::load(sums.h_dxdx), -core::load(sums.h_dxdy),
                         F8(-0.5f) * core::load(sums.h_dydy)};
  F8 g_mean[3], g_log_scale[3], g_quat[4];
  const F8 h = core::load(sums.h);
  core::project_backward(camera, x.mean, x.scale, x.quat, g.mean2, g_conic, h, g_mean, g_log_scale, g_quat);
  const F8 stored_opacity = core::load(p.parameters.plane(p.layout.opacity()) + i);
  const F8 g_opacity = core::opacity_gradient(p.layout.linear_opacity, stored_opacity, x.opacity, h);
  if (a.fragments != nullptr) fragment_statistics(a, i, lanes, x.opacity, sums.h, g);

  F8 g_rgb[3], g_direction[3];
  for (int c = 0; c < 3; ++c) {
    g_rgb[c] = core::load(sums.rgb[c]);
    for (uint32_t l = 0; l < lanes; ++l)
      if (p.clamped[i + l] & (1 << c)) g_rgb[c].v[l] = 0.f;
  }
  // A lane without instances (e.g. behind the camera) has no gradient, whatever the arithmetic computes for it.
  core::Mask8 used;
  for (uint32_t l = 0; l < uint32_t(kLanes); ++l) used.v[l] = l < lanes && p.tile_counts[i + l] != 0 ? -1 : 0;
  const core::ViewDirection<F8> direction = core::view_direction<F8>(camera.center, x.mean);
  F8* const sh = g.plane + Layout::sh();
  core::sh_color_backward(
      p.active_degree, direction.d, LoadSh{p, i}, g_rgb,
      [&](int k, int channel, F8 value) { sh[3 * k + channel] = core::select(used, value, F8(0.f)); }, g_direction);
  const int active = 3 * core::sh_coefficients(p.active_degree), stored = p.layout.opacity() - Layout::sh();
  for (int k = active; k < stored; ++k) sh[k] = F8(0.f);
  core::view_direction_backward(direction, g_direction, g_mean);
  if (a.depth_gradients != nullptr) add_depth_gradients(a, camera, i, lanes, g_mean);

  for (int k = 0; k < 3; ++k) g.plane[Layout::means() + k] = core::select(used, g_mean[k], F8(0.f));
  g.plane[p.layout.opacity()] = core::select(used, g_opacity, F8(0.f));
  for (int k = 0; k < 3; ++k) g.plane[p.layout.log_scales() + k] = core::select(used, g_log_scale[k], F8(0.f));
  for (int k = 0; k < 4; ++k) g.plane[p.layout.quats() + k] = core::select(used, g_quat[k], F8(0.f));
}

// Whether a step in one part, which has the view's radii, rather than the second of two, which has its statistics.
inline bool is_fused(const OptimizeArgs& a) {
  return a.gradients_from.base == nullptr;
}

inline bool is_visible(const OptimizeArgs& a, uint32_t i, uint32_t l, const Gradients& g) {
  return is_fused(a) ? a.projection.radii[i + l] > 0.f : g.statistics[kVisibleSteps].v[l] > 0.f;
}

inline float view_density_gradient(const OptimizeArgs& a, uint32_t i, uint32_t l, const Gradients& g) {
  const ProjectArgs& p = a.projection;
  const float g_mean2[2] = {g.mean2[0].v[l], g.mean2[1].v[l]};
  return core::density_gradient(g_mean2, p.camera.width, p.camera.height, p.splats[i + l].depth, a.full_gradient_depth);
}

inline void view_statistics(const OptimizeArgs& a, uint32_t i, uint32_t lanes, Gradients& g) {
  for (uint32_t l = 0; l < lanes; ++l) {
    if (!(a.projection.radii[i + l] > 0.f)) continue;
    g.statistics[kVisibleSteps].v[l] = 1.f;
    g.statistics[kGradientSum].v[l] = view_density_gradient(a, i, l, g);
    g.statistics[kMaxRadius].v[l] = a.projection.radii[i + l];
  }
}

inline int gradient_planes(const OptimizeArgs& a, bool fragments) {
  return a.projection.layout.planes() + int(fragments ? kStatisticPlanes : kDensityPlanes);
}

inline void store_gradients(const OptimizeArgs& a, uint32_t i, const Gradients& g) {
  const int planes = gradient_planes(a, a.fragments != nullptr);
  for (int k = 0; k < planes; ++k) core::store(a.gradients_to.plane(k) + i, g.plane[k]);
  if (a.mean2_to == nullptr) return;
  for (int k = 0; k < 2; ++k) core::store(a.mean2_to + size_t(k) * a.gradients_to.stride + i, g.mean2[k]);
}

inline void load_gradients(const OptimizeArgs& a, uint32_t i, Gradients& g) {
  const int planes = gradient_planes(a, a.training.fragment_sums.base != nullptr);
  for (int k = 0; k < planes; ++k) g.plane[k] = core::load(a.gradients_from.plane(k) + i);
}

// steps: the lanes that are updated; the others keep value and moments.
template <class S>
inline void adam_planes(const OptimizeArgs& a, uint32_t i, core::Mask8 steps, const AdamStep<S>& adam, int first,
                        int last, const F8* gradients) {
  for (int k = first; k < last; ++k) {
    float* value_at = a.projection.parameters.plane(k) + i;
    float* m_at = a.training.first_moments.plane(k) + i;
    float* v_at = a.training.second_moments.plane(k) + i;
    __builtin_prefetch(value_at + kAhead, 1);
    __builtin_prefetch(m_at + kAhead, 1);
    __builtin_prefetch(v_at + kAhead, 1);
    const F8 old_value = core::load(value_at), old_m = core::load(m_at), old_v = core::load(v_at);
    F8 value = old_value, m = old_m, v = old_v;
    core::adam(adam, gradients[k - first], value, m, v);
    core::store(value_at, core::select(steps, value, old_value));
    core::store(m_at, core::select(steps, m, old_m));
    core::store(v_at, core::select(steps, v, old_v));
  }
}

// Lanes that are rows, or only the visible ones of these.
inline core::Mask8 rows(const OptimizeArgs& a, uint32_t i, uint32_t lanes, bool only_visible, const Gradients& g) {
  core::Mask8 mask;
  for (uint32_t l = 0; l < uint32_t(kLanes); ++l)
    mask.v[l] = l < lanes && (!only_visible || is_visible(a, i, l, g)) ? -1 : 0;
  return mask;
}

// Not inlined: few steps ask for it, and the usual loop would be compiled with fewer registers.
__attribute__((noinline)) void corrected_adam_planes(const OptimizeArgs& a, uint32_t i, core::Mask8 steps,
                                                     const AdamStep<F8>& adam, int first, int last,
                                                     const F8* gradients) {
  adam_planes(a, i, steps, adam, first, last, gradients);
}

// Counts the rows' steps. biases: for bias correction by those counts, see core::corrected.
__attribute__((noinline)) void count_steps(const OptimizeArgs& a, uint32_t i, core::Mask8 steps, F8 biases[2]) {
  const StepEffect& step = a.training.step;
  for (uint32_t l = 0; l < uint32_t(kLanes); ++l) {
    if (steps.v[l] == 0) continue;
    const uint32_t k = ++a.training.row_steps[i + l];
    if (!step.row_bias) continue;
    biases[0].v[l] = core::bias(step.log_beta1, k);
    biases[1].v[l] = core::bias(step.log_beta2, k);
  }
}

__attribute__((noinline)) void add_pressures(const OptimizeArgs& a, uint32_t i, core::Mask8 terms, Gradients& g) {
  const StepEffect& step = a.training.step;
  const ProjectArgs& p = a.projection;
  const auto add = [&](int plane, F8 pressure) {
    g.plane[plane] = g.plane[plane] + core::select(terms, pressure, F8(0.f));
  };
  const auto stored = [&](int plane) { return core::load(p.parameters.plane(plane) + i); };
  const int opacity = p.layout.opacity(), log_scales = p.layout.log_scales();
  if (step.opacity_pressure != 0)
    add(opacity,
        core::opacity_pressure(p.layout.linear_opacity, step.logit_pressure, step.opacity_pressure, stored(opacity)));
  if (step.scale_pressure != 0)
    for (int k = log_scales; k < log_scales + 3; ++k) add(k, core::scale_pressure(step.scale_pressure, stored(k)));
}

__attribute__((noinline)) void limit_log_scales(const OptimizeArgs& a, uint32_t i, core::Mask8 steps) {
  const F8 smallest = core::load(a.training.smallest_scales + i);
  for (int k = 0; k < 3; ++k) {
    float* at = a.projection.parameters.plane(a.projection.layout.log_scales() + k) + i;
    const F8 log_scale = core::load(at);
    core::store(at, core::select(steps, core::limit_log_scale(log_scale, smallest), log_scale));
  }
}

inline void train_step(const OptimizeArgs& a, uint32_t i, uint32_t lanes, Gradients& g) {
  const StepEffect& step = a.training.step;
  const core::Mask8 steps = rows(a, i, lanes, step.only_visible, g);
  F8 biases[2] = {F8(1.f), F8(1.f)};
  if (a.training.row_steps != nullptr && step.update_mask != 0) count_steps(a, i, steps, biases);
  const bool has_terms = step.noise > 0 || step.opacity_pressure != 0 || step.scale_pressure != 0;
  core::Mask8 terms;
  if (has_terms) {
    terms = rows(a, i, lanes, step.visible_terms, g);
    add_pressures(a, i, terms, g);
  }
  const Layout& layout = a.projection.layout;
  const int sh_rest = step.planes[TAME_PARAMETER_SH_REST].first, sh_live = Layout::sh() + step.live_sh_planes;
  if (step.sh_accumulate) {
    for (int k = sh_rest; k < sh_live; ++k) {
      float* at = a.training.sh_sums.plane(k - sh_rest) + i;
      __builtin_prefetch(at + kAhead, 1);
      const F8 sum = core::load(at) + g.plane[k];
      g.plane[k] = sum;
      core::store(at, step.sh_clear ? F8(0.f) : sum);
    }
  }
  for (uint32_t parameter = 0; parameter < TAME_PARAMETERS; ++parameter) {
    if ((step.update_mask >> parameter & 1) == 0) continue;
    const Layout::Range range = step.planes[parameter];
    const int last = parameter == TAME_PARAMETER_SH_REST && sh_live < range.last ? sh_live : range.last;
    const AdamStep<float>& adam = step.adam[parameter];
    const F8* gradients = g.plane + range.first;
    if (step.row_bias)
      corrected_adam_planes(a, i, steps, core::corrected(adam, biases[0], biases[1]), range.first, last, gradients);
    else
      adam_planes(a, i, steps, adam, range.first, last, gradients);
  }
  if (layout.linear_opacity) {
    float* opacity = a.projection.parameters.plane(layout.opacity()) + i;
    core::store(opacity, core::clamp_linear_opacity(core::load(opacity)));
  }
  if (a.training.smallest_scales != nullptr && (step.update_mask >> TAME_PARAMETER_LOG_SCALES & 1) != 0)
    limit_log_scales(a, i, steps);
  if (!(step.noise > 0)) return;
  for (uint32_t l = 0; l < lanes; ++l)
    if (terms.v[l] != 0)
      core::add_noise(a.projection.parameters, layout, i + l, step.noise, a.training.seed, step.iteration);
}

inline void add_statistics(const OptimizeArgs& a, uint32_t i, uint32_t lanes, const Gradients& g) {
  const TrainingArgs& t = a.training;
  if (t.gradient_sums == nullptr && t.fragment_sums.base == nullptr) return;
  for (uint32_t l = 0; l < lanes; ++l) {
    if (!is_visible(a, i, l, g)) continue;
    if (t.gradient_sums != nullptr) {
      const bool fused = is_fused(a);
      t.gradient_sums[i + l] += fused ? view_density_gradient(a, i, l, g) : g.statistics[kGradientSum].v[l];
      t.visible_steps[i + l] += fused ? 1 : uint32_t(g.statistics[kVisibleSteps].v[l]);
      t.max_radii[i + l] =
          core::maximum(t.max_radii[i + l], fused ? a.projection.radii[i + l] : g.statistics[kMaxRadius].v[l]);
    }
    if (t.fragment_sums.base == nullptr) continue;
    for (uint32_t k = 0; k < kFragmentPlanes; ++k)
      t.fragment_sums.plane(int(k))[i + l] += g.statistics[kDensityPlanes + k].v[l];
  }
}

void optimize(const OptimizeArgs& a, uint32_t first, uint32_t last) {
  const core::Camera<float> camera = core::camera_from(a.projection.camera);
  for (uint32_t i = first; i < last; i += kLanes) {
    const uint32_t lanes = last - i < uint32_t(kLanes) ? last - i : uint32_t(kLanes);
    Gradients g(a.projection.layout);
    if (is_fused(a))
      gaussian_gradients(a, camera, i, lanes, g);
    else
      load_gradients(a, i, g);
    if (a.gradients_to.base != nullptr) {
      view_statistics(a, i, lanes, g);
      store_gradients(a, i, g);
    } else {
      add_statistics(a, i, lanes, g);
      train_step(a, i, lanes, g);
    }
  }
}
