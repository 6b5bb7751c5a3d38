// The CPU backend's device: threads, kernels and the scratch that rendering and training share.
#pragma once

#include <memory>

#include "../abi/backend.h"
#include "../abi/threads.h"
#include "loss.h"
#include "rasterizer.h"

namespace tame::cpu {

class CpuDevice : public Device, public std::enable_shared_from_this<CpuDevice> {
 public:
  explicit CpuDevice(const tame_device_options& options);

  void synchronize() override {}  // every call here waits
  void read_profile(tame_profile& out) override { out = profile_.totals; }
  void enable_profile(bool on) override { profile_.enable(on); }
  void knn_mean_dist2(const float* points, uint32_t count, uint32_t neighbours, uint32_t batch, uint64_t byte_limit,
                      float* mean_dist2) override;
  std::shared_ptr<Gaussians> make_gaussians(uint32_t capacity, uint32_t sh_degree) override;
  std::shared_ptr<Views> make_views(uint32_t count, uint32_t residency) override;
  std::unique_ptr<StateMemory> make_state(uint32_t purpose, size_t elements) override;
  void read_state(const void* from, size_t elements, void* to_host) override;
  void write_state(void* to, size_t elements, const void* from_host) override;
  void clear_state(void* at, size_t elements) override;
  uint32_t count_non_finite(const std::vector<PlaneBlock>& blocks, uint32_t rows) override;
  std::unique_ptr<Stepper> make_stepper(std::shared_ptr<Gaussians> gaussians, std::shared_ptr<Views> views,
                                        TrainingState& state) override;
  std::shared_ptr<Rasterization> rasterize(const SplatArrays& splats, const tame_camera& camera,
                                           const float background[3], const ImageTarget& target) override;
  double psnr(uint32_t width, uint32_t height, uint32_t channels, const float* a, const float* b) override;
  double ssim(uint32_t width, uint32_t height, uint32_t channels, uint32_t padding, const float* a,
              const float* b) override;
  double image_loss(uint32_t width, uint32_t height, float lambda_dssim, const float* a, const float* b,
                    float* gradient) override;
  std::shared_ptr<Lpips> make_lpips(uint32_t net, const float* weights) override;
  void undistort(const Undistortion& job, const uint8_t* photo, uint8_t* image) override;

  Threads& threads() override { return threads_; }
  const Kernels& kernels() const { return kernels_; }
  Profile& profile() { return profile_; }
  Rasterizer& rasterizer() { return rasterizer_; }
  Loss& loss() { return loss_; }

 private:
  Threads threads_;
  const Kernels& kernels_;
  Profile profile_;
  Rasterizer rasterizer_;
  Loss loss_;
};

// Copies interleaved channels to padded planes, and back.
void to_planes(const PlaneShape& shape, const float* interleaved, float* planes);
void from_planes(const PlaneShape& shape, const float* planes, float* interleaved);

}  // namespace tame::cpu
