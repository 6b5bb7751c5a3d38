// The CUDA backend's device: its stream, its rasteriser and loss, and whether an error has made its context unusable.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "../abi/backend.h"
#include "loss.h"
#include "rasterizer.h"
#include "runtime.h"
#include "staging.h"

namespace tame::gpu {

class GpuDevice : public Device, public std::enable_shared_from_this<GpuDevice> {
 public:
  explicit GpuDevice(const tame_device_options& options);
  ~GpuDevice() override;

  void make_current() noexcept override;
  Threads& threads() override;
  void synchronize() override;
  void read_profile(tame_profile& out) override;
  void enable_profile(bool on) override;
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

  // Runs `body` with this device current, which it is already except in the constructor. An error that makes the
  // context unusable is stored: later calls throw it again instead of failing in unrelated places.
  template <class Body>
  auto use(const Body& body) -> decltype(body()) {
    if (!poison_.empty()) throw Failure(TAME_INTERNAL, poison_);
    try {
      check(cudaSetDevice(index_), "select the device");
      return body();
    } catch (const Poisoned& error) {
      poison_ = error.what();
      throw;
    }
  }

  const Stream& stream() const { return *stream_; }
  Profile& profile() { return *profile_; }
  Rasterizer& rasterizer() { return *rasterizer_; }
  Loss& loss() { return *loss_; }

 private:
  const int index_;
  const uint32_t most_threads_;
  std::optional<Threads> threads_;  // from their first use
  Staging staging_;
  std::string poison_;
  std::unique_ptr<Stream> stream_;
  std::unique_ptr<Profile> profile_;
  std::unique_ptr<Rasterizer> rasterizer_;
  std::unique_ptr<Loss> loss_;
};

}  // namespace tame::gpu
