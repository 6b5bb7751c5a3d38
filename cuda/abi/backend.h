// The interface between the shared C entry points (cuda/abi) and a backend (cuda/cpu or cuda/gpu).
//
// The entry points check handles, pointers, lengths, ranges and struct sizes, hold the device's one-call lock and turn
// exceptions into statuses. A backend sees only valid arguments, does the arithmetic and throws Failure or
// std::bad_alloc on errors. Lifetimes: every object holds a shared_ptr to what it needs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../core/finite.h"
#include "../core/layout.h"
#include "../core/lens.h"
#include "../tame.h"
#include "depths.h"
#include "exit.h"
#include "failure.h"
#include "ledger.h"
#include "row_edit.h"
#include "threads.h"

namespace tame {

// Where a rendered image goes. alpha and depth may be null.
struct ImageTarget {
  uint32_t format;  // TAME_FORMAT_*
  void* image;
  float* alpha;
  float* depth;
};

// Caller arrays of the differentiable rasteriser, host memory, raw parameters.
struct SplatArrays {
  uint32_t count;
  uint32_t sh_degree;
  const float* means;
  const float* log_scales;
  const float* quats;
  const float* opacities;
  const float* sh;  // [n][k][rgb]
};

struct SplatGradients {
  float* means;
  float* log_scales;
  float* quats;
  float* opacities;
  float* sh;
  float* means2d;
};

// Resampling of a width x height photo of a lens to a pinhole image.
struct Undistortion {
  core::Lens lens;
  uint32_t width, height;
  tame_pinhole pinhole;
  uint32_t channels;  // 1, 3 or 4
};

class Gaussians {
 public:
  virtual ~Gaussians() = default;
  virtual uint32_t count() const = 0;
  virtual uint32_t capacity() const = 0;
  virtual const Layout& layout() const = 0;
  virtual Planes planes() const = 0;  // in the backend's memory
  virtual void resize(uint32_t count) = 0;
  // How opacities are stored: as logits, or linear (core::used_opacity). upload and download pass what is stored.
  virtual void set_linear_opacity(bool linear) = 0;
  virtual void upload(uint32_t field, uint32_t offset, uint32_t rows, const float* data) = 0;
  virtual void download(uint32_t field, uint32_t offset, uint32_t rows, float* data) const = 0;
  virtual void render(const tame_camera& camera, const float background[3], const ImageTarget& target) = 0;
  virtual uint64_t count_instances(const tame_camera& camera) = 0;
  // Replaces the rows, and moves the rows of some other planes along.
  virtual void edit(const RowEdit& edit, const std::vector<MovedPlane>& others) = 0;

  uint32_t sh_degree() const { return uint32_t(layout().sh_degree); }
  bool linear_opacity() const { return layout().linear_opacity; }
};

// A caller's photo of a view.
struct PhotoBytes {
  const uint8_t* pixels;
  uint32_t channels;    // 3 or 4
  const uint8_t* mask;  // one byte per pixel, or null
  uint32_t kept;        // pixels that the mask does not exclude
};

class Views {
 public:
  virtual ~Views() = default;
  virtual uint32_t count() const = 0;
  virtual bool is_set(uint32_t index) const = 0;
  virtual void set(uint32_t index, const tame_camera& camera, const PhotoBytes& photo) = 0;
  virtual void clear(uint32_t index) = 0;
  virtual void set_depths(uint32_t index, const TiledDepths& depths) = 0;
};

class Rasterization {
 public:
  virtual ~Rasterization() = default;
  virtual uint32_t count() const = 0;
  virtual uint32_t sh_degree() const = 0;
  virtual uint32_t width() const = 0;
  virtual uint32_t height() const = 0;
  virtual void backward(const float* d_image, const float* d_alpha,
                        const SplatGradients& out) = 0;  // d_alpha may be null
  virtual void radii(int32_t* out) const = 0;
};

class Lpips {
 public:
  virtual ~Lpips() = default;
  // range: TAME_LPIPS_SIGNED or _UNIT.
  virtual double distance(uint32_t width, uint32_t height, uint32_t range, const float* a, const float* b) = 0;
};

// Memory for training state on a backend: elements of 4 bytes, initially zero.
class StateMemory {
 public:
  virtual ~StateMemory() = default;
  virtual void* data() const = 0;
};

// The steps of one run: views_per_step views of each, TAME_PARAMETERS learning rates of each.
struct PlannedSteps {
  const tame_step* steps;
  uint32_t n;
  const uint32_t* views;
  const float* rates;
};

// Whether a run must end after its last whole step: the caller has set the stop word, or the process is ending.
inline bool stops(const int32_t* control) {
  return __atomic_load_n(control + TAME_CONTROL_STOP, __ATOMIC_ACQUIRE) != 0 || exiting();
}

// The part of a trainer that a backend implements; the rest is in trainer.h.
class Stepper {
 public:
  virtual ~Stepper() = default;
  // control: see TAME_CONTROL_*; returns TAME_OK, or TAME_CANCELLED when the stop word ended it.
  virtual tame_status run(const PlannedSteps& plan, int32_t* control) = 0;
  // weights: TAME_SCORE_TERMS. Writes to TrainingState::scores.
  virtual void score(const uint32_t* views, uint32_t n, const float* weights, int sh_degree,
                     const float background[3]) = 0;
  // Writes to TrainingState::smallest_scales, and raises the log-scales.
  virtual void limit_scales(const std::vector<tame_camera>& cameras, float pixels) = 0;
};

class TrainingState;

class Device {
 public:
  virtual ~Device() = default;
  Ledger& ledger() { return ledger_; }
  virtual Threads& threads() = 0;  // for work on the host
  // Makes this the device that the thread computes on. DeviceEntry calls it before every call and before objects of the
  // device are destroyed, so that their destructors need not know where they are.
  virtual void make_current() noexcept {}
  virtual void synchronize() = 0;
  // The profile since enable_profile(true), zeros if there is none. The caller sets struct_size.
  virtual void read_profile(tame_profile& out) = 0;
  virtual void enable_profile(bool on) = 0;  // from zero
  virtual void knn_mean_dist2(const float* points, uint32_t count, uint32_t neighbours, uint32_t batch,
                              uint64_t byte_limit, float* mean_dist2) = 0;
  virtual std::shared_ptr<Gaussians> make_gaussians(uint32_t capacity, uint32_t sh_degree) = 0;
  virtual std::shared_ptr<Views> make_views(uint32_t count, uint32_t residency) = 0;
  virtual std::unique_ptr<StateMemory> make_state(uint32_t purpose, size_t elements) = 0;
  // Copy `elements` of state. Each waits.
  virtual void read_state(const void* from, size_t elements, void* to_host) = 0;
  virtual void write_state(void* to, size_t elements, const void* from_host) = 0;
  virtual void clear_state(void* at, size_t elements) = 0;
  // The number of rows with a value that is not finite, in at most kMostPlaneBlocks blocks. Waits.
  virtual uint32_t count_non_finite(const std::vector<PlaneBlock>& blocks, uint32_t rows) = 0;
  virtual std::unique_ptr<Stepper> make_stepper(std::shared_ptr<Gaussians> gaussians, std::shared_ptr<Views> views,
                                                TrainingState& state) = 0;
  virtual std::shared_ptr<Rasterization> rasterize(const SplatArrays& splats, const tame_camera& camera,
                                                   const float background[3], const ImageTarget& target) = 0;
  virtual double psnr(uint32_t width, uint32_t height, uint32_t channels, const float* a, const float* b) = 0;
  virtual double ssim(uint32_t width, uint32_t height, uint32_t channels, uint32_t padding, const float* a,
                      const float* b) = 0;
  // gradient may be null.
  virtual double image_loss(uint32_t width, uint32_t height, float lambda_dssim, const float* a, const float* b,
                            float* gradient) = 0;
  // weights: in the order of tame_lpips_create.
  virtual std::shared_ptr<Lpips> make_lpips(uint32_t net, const float* weights) = 0;
  virtual void undistort(const Undistortion& job, const uint8_t* photo, uint8_t* image) = 0;

 protected:
  Device(uint64_t memory_limit, uint64_t seed) : seed(seed), ledger_(memory_limit) {}

 public:
  const uint64_t seed;

 private:
  Ledger ledger_;
};

// What a backend library defines. open_device throws if there is no device.
namespace backend {
std::string build_info();  // JSON, see tame_build_info
uint32_t device_count();
void device_info(uint32_t index, tame_device_info& info);
std::shared_ptr<Device> open_device(const tame_device_options& options);
void estimate_memory(const tame_memory_query& query, tame_memory_estimate& out);  // see estimate.h
}  // namespace backend

}  // namespace tame
