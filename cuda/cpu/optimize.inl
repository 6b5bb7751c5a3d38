// Per Gaussian, eight at a time: its instances' gradients summed in order, pulled back through projection and colour to
// the raw parameters, and either handed out or used at once for Adam, so that no gradient of the scene is ever stored.

constexpr int kMaxPlanes = 59;
constexpr int kAhead = 48;  // floats between what Adam reads and what it fetches: six vectors

// Sums of one Gaussian's instances, lane l of each entry.
struct Summed {
  float rgb[3][kLanes], h[kLanes], h_dx[kLanes], h_dy[kLanes], h_dxdx[kLanes], h_dxdy[kLanes], h_dydy[kLanes];
};

// True when any lane has an instance.
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
  F8 plane[kMaxPlanes];
  F8 mean2[2];
  F8 statistic[kDensityPlanes];  // what the step adds to each
};

inline void gaussian_gradients(const OptimizeArgs& a, const core::Camera<float>& camera, uint32_t i, uint32_t lanes,
                               Gradients& g) {
  const ProjectArgs& p = a.projection;
  const int planes = p.layout.planes();
  for (int k = 0; k < planes; ++k) g.plane[k] = F8(0.f);
  g.mean2[0] = g.mean2[1] = F8(0.f);
  Summed sums;
  if (!sum_instances(a, i, lanes, sums)) return;

  const Loaded x = load_gaussians(p, i);
  const F8 A = gather(p, i, lanes, &Splat::A), B = gather(p, i, lanes, &Splat::B), C = gather(p, i, lanes, &Splat::C);
  const F8 h_dx = core::load(sums.h_dx), h_dy = core::load(sums.h_dy);
  // log(alpha) = log(opacity) - (A dx^2 + C dy^2) / 2 - B dx dy.
  g.mean2[0] = -core::mad(A, h_dx, B * h_dy);
  g.mean2[1] = -core::mad(C, h_dy, B * h_dx);
  const F8 g_conic[3] = {F8(-0.5f) * core::load(sums.h_dxdx), -core::load(sums.h_dxdy),
                         F8(-0.5f) * core::load(sums.h_dydy)};
  F8 g_mean[3], g_log_scale[3], g_quat[4];
  core::project_backward(camera, x.mean, x.scale, x.quat, g.mean2, g_conic, g_mean, g_log_scale, g_quat);
  const F8 stored_opacity = core::load(p.parameters.plane(p.layout.opacity()) + i);
  const F8 g_opacity = core::opacity_gradient(p.layout.linear_opacity, stored_opacity, x.opacity, core::load(sums.h));

  F8 g_rgb[3], g_direction[3];
  for (int c = 0; c < 3; ++c) {
    g_rgb[c] = core::load(sums.rgb[c]);
    for (uint32_t l = 0; l < lanes; ++l)
      if (p.clamped[i + l] & (1 << c)) g_rgb[c].v[l] = 0.f;
  }
  const core::ViewDirection<F8> direction = core::view_direction<F8>(camera.center, x.mean);
  core::sh_color_backward(
      p.active_degree, direction.d, LoadSh{p, i}, g_rgb,
      [&](int k, int channel, F8 value) { g.plane[Layout::sh() + 3 * k + channel] = value; }, g_direction);
  core::view_direction_backward(direction, g_direction, g_mean);

  // A lane without instances (behind the camera, say) has no gradient, whatever the arithmetic above made of it.
  core::Mask8 used;
  for (uint32_t l = 0; l < uint32_t(kLanes); ++l) used.v[l] = l < lanes && p.tile_counts[i + l] != 0 ? -1 : 0;
  for (int k = 0; k < 3; ++k) g.plane[Layout::means() + k] = core::select(used, g_mean[k], F8(0.f));
  g.plane[p.layout.opacity()] = core::select(used, g_opacity, F8(0.f));
  for (int k = 0; k < 3; ++k) g.plane[p.layout.log_scales() + k] = core::select(used, g_log_scale[k], F8(0.f));
  for (int k = 0; k < 4; ++k) g.plane[p.layout.quats() + k] = core::select(used, g_quat[k], F8(0.f));
  for (int k = Layout::sh(); k < p.layout.opacity(); ++k) g.plane[k] = core::select(used, g.plane[k], F8(0.f));
}

// steps: the lanes that take the step; the others keep value and moments.
inline void adam_planes(const OptimizeArgs& a, uint32_t i, core::Mask8 steps, const AdamStep<float>& adam, int first,
                        int last, const F8* gradients) {
  for (int k = first; k < last; ++k) {
    float* value_at = a.projection.parameters.plane(k) + i;
    float* m_at = a.first_moments.plane(k) + i;
    float* v_at = a.second_moments.plane(k) + i;
    // There are more planes than streams that the processor fetches ahead by itself.
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

inline void train_step(const OptimizeArgs& a, uint32_t i, uint32_t lanes, Gradients& g) {
  core::Mask8 steps;
  for (uint32_t l = 0; l < uint32_t(kLanes); ++l)
    steps.v[l] = l < lanes && (!a.step.only_visible || g.statistic[kVisibleSteps].v[l] > 0.f) ? -1 : 0;
  const Layout& layout = a.projection.layout;
  const int sh_rest = a.step.planes[TAME_PARAMETER_SH_REST].first, sh_live = Layout::sh() + a.step.live_sh_planes;
  if (a.step.sh_accumulate) {
    for (int k = sh_rest; k < sh_live; ++k) {
      float* at = a.sh_sums.plane(k - sh_rest) + i;
      const F8 sum = core::load(at) + g.plane[k];
      g.plane[k] = sum;
      core::store(at, a.step.sh_clear ? F8(0.f) : sum);
    }
  }
  for (uint32_t parameter = 0; parameter < TAME_PARAMETERS; ++parameter) {
    if ((a.step.update_mask >> parameter & 1) == 0) continue;
    const Layout::Range range = a.step.planes[parameter];
    const int last = parameter == TAME_PARAMETER_SH_REST && sh_live < range.last ? sh_live : range.last;
    adam_planes(a, i, steps, a.step.adam[parameter], range.first, last, g.plane + range.first);
  }
  if (layout.linear_opacity) {
    float* opacity = a.projection.parameters.plane(layout.opacity()) + i;
    core::store(opacity, core::hold_linear_opacity(core::load(opacity)));
  }
}

inline void view_statistics(const OptimizeArgs& a, uint32_t i, uint32_t lanes, Gradients& g) {
  const ProjectArgs& p = a.projection;
  const bool wanted = a.gradient_sums != nullptr || a.gradients_to.base != nullptr;
  for (F8& statistic : g.statistic) statistic = F8(0.f);
  for (uint32_t l = 0; l < lanes; ++l) {
    if (!(p.radii[i + l] > 0.f)) continue;
    g.statistic[kVisibleSteps].v[l] = 1.f;
    if (!wanted) continue;
    const float g_mean2[2] = {g.mean2[0].v[l], g.mean2[1].v[l]};
    g.statistic[kGradientSum].v[l] =
        core::density_gradient(g_mean2, p.camera.width, p.camera.height, p.splats[i + l].depth, a.full_gradient_depth);
    g.statistic[kMaxRadius].v[l] = p.radii[i + l];
  }
}

inline void add_statistics(const OptimizeArgs& a, uint32_t i, uint32_t lanes, const Gradients& g) {
  for (uint32_t l = 0; l < lanes; ++l) {
    if (!(g.statistic[kVisibleSteps].v[l] > 0.f)) continue;
    a.gradient_sums[i + l] += g.statistic[kGradientSum].v[l];
    a.visible_steps[i + l] += uint32_t(g.statistic[kVisibleSteps].v[l]);
    a.max_radii[i + l] = core::maximum(a.max_radii[i + l], g.statistic[kMaxRadius].v[l]);
  }
}

// Gradients as they lie in planes: those of the parameters, and behind them the statistics.
inline void load_gradients(const OptimizeArgs& a, uint32_t i, Gradients& g) {
  const int planes = a.projection.layout.planes();
  for (int k = 0; k < planes; ++k) g.plane[k] = core::load(a.gradients_from.plane(k) + i);
  for (int k = 0; k < int(kDensityPlanes); ++k) g.statistic[k] = core::load(a.gradients_from.plane(planes + k) + i);
}

inline void store_gradients(const OptimizeArgs& a, uint32_t i, const Gradients& g) {
  const int planes = a.projection.layout.planes();
  for (int k = 0; k < planes; ++k) core::store(a.gradients_to.plane(k) + i, g.plane[k]);
  for (int k = 0; k < int(kDensityPlanes); ++k) core::store(a.gradients_to.plane(planes + k) + i, g.statistic[k]);
}

void optimize(const OptimizeArgs& a, uint32_t first, uint32_t last) {
  const core::Camera<float> camera = core::camera_from(a.projection.camera);
  for (uint32_t i = first; i < last; i += kLanes) {
    const uint32_t lanes = last - i < uint32_t(kLanes) ? last - i : uint32_t(kLanes);
    Gradients g;
    if (a.gradients_from.base != nullptr) {
      load_gradients(a, i, g);
    } else {
      gaussian_gradients(a, camera, i, lanes, g);
      view_statistics(a, i, lanes, g);
    }
    if (a.gradient_out.base != nullptr) {
      for (int k = 0; k < a.projection.layout.planes(); ++k) core::store(a.gradient_out.plane(k) + i, g.plane[k]);
      for (int k = 0; k < 2; ++k) core::store(a.mean2_out + size_t(k) * a.gradient_out.stride + i, g.mean2[k]);
    } else if (a.gradients_to.base != nullptr) {
      store_gradients(a, i, g);
    } else {
      if (a.gradient_sums != nullptr) add_statistics(a, i, lanes, g);
      train_step(a, i, lanes, g);
    }
  }
}
