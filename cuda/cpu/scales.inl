// The smallest scales of at most a block of Gaussians, from their highest sampling rate over the cameras.

void limit_scales(const ScaleLimitArgs& a, uint32_t first, uint32_t last) {
  F8 rates[kGaussianBlock / kLanes];
  for (F8& rate : rates) rate = F8(0.f);
  for (uint32_t v = 0; v < a.camera_count; ++v) {
    const core::Camera<float> camera = core::camera_from(a.cameras[v]);
    for (uint32_t i = first; i < last; i += kLanes) {
      F8 mean[3];
      for (int k = 0; k < 3; ++k) mean[k] = core::load(a.parameters.plane(Layout::means() + k) + i);
      F8& rate = rates[(i - first) / kLanes];
      rate = core::maximum(rate, core::sampling_rate(camera, mean));
    }
  }
  for (uint32_t i = first; i < last; i += kLanes) {
    const F8 smallest = core::smallest_scale(rates[(i - first) / kLanes], a.pixels);
    core::store(a.smallest_scales + i, smallest);
    for (int k = 0; k < 3; ++k) {
      float* log_scale = a.parameters.plane(a.layout.log_scales() + k) + i;
      core::store(log_scale, core::limit_log_scale(core::load(log_scale), smallest));
    }
  }
}
