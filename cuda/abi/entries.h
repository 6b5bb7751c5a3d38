// The objects that handles refer to, and the rule that a device runs one call at a time.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "backend.h"
#include "handles.h"
#include "trainer.h"

namespace tame {

class DeviceEntry : public Entry {
 public:
  static constexpr Kind kind = Kind::device;

  explicit DeviceEntry(std::shared_ptr<Device> device) : device_(std::move(device)) {}

  Device& backend() { return *device_; }

  // False if a call is running. Makes the device current on this thread, as release() does.
  bool enter() noexcept;
  // Destroys what was closed during the call, then admits the next call.
  void leave() noexcept;
  // Drops a reference to a child. The last one destroys the child: now, or at the end of the running call, but never
  // during a call, on whichever thread it was closed.
  void release(std::shared_ptr<Entry> entry) noexcept;

 private:
  const std::shared_ptr<Device> device_;
  std::mutex mutex_;
  bool busy_ = false;
  std::shared_ptr<Entry> closed_;  // head of the list linked by next_closed_
};

// A child of a device. `device` is declared before the members of subclasses, so it is destroyed last.
class ChildEntry : public Entry {
 public:
  explicit ChildEntry(std::shared_ptr<DeviceEntry> parent) : device(std::move(parent)) {}
  const std::shared_ptr<DeviceEntry> device;
};

class TrainerEntry;

class GaussiansEntry : public ChildEntry {
 public:
  static constexpr Kind kind = Kind::gaussians;
  GaussiansEntry(std::shared_ptr<DeviceEntry> device, std::shared_ptr<Gaussians> gaussians)
      : ChildEntry(std::move(device)), gaussians(std::move(gaussians)) {}

  // Call before the caller changes rows. Throws TAME_BUSY while a trainer uses the Gaussians. Linear opacities, which
  // an earlier trainer may have left, become logits.
  void claim(const char* what);

  const std::shared_ptr<Gaussians> gaussians;
  std::weak_ptr<TrainerEntry> trainer;
};

class ViewsEntry : public ChildEntry {
 public:
  static constexpr Kind kind = Kind::views;
  struct Size {
    uint32_t width, height;
  };
  ViewsEntry(std::shared_ptr<DeviceEntry> device, std::shared_ptr<Views> views)
      : ChildEntry(std::move(device)), views(std::move(views)), sizes(this->views->count()), depth_sizes(sizes) {}

  const std::shared_ptr<Views> views;
  std::vector<Size> sizes;        // of the views that are set
  std::vector<Size> depth_sizes;  // of the views that have depths; 0 without
};

class TrainerEntry : public ChildEntry {
 public:
  static constexpr Kind kind = Kind::trainer;
  TrainerEntry(std::shared_ptr<DeviceEntry> device, std::unique_ptr<Trainer> trainer)
      : ChildEntry(std::move(device)), trainer(std::move(trainer)) {}

  const std::unique_ptr<Trainer> trainer;
};

// Throws unless view `index` exists and has a photo.
void check_photo(const Trainer& trainer, uint32_t index, const char* name);

class RasterizationEntry : public ChildEntry {
 public:
  static constexpr Kind kind = Kind::rasterization;
  RasterizationEntry(std::shared_ptr<DeviceEntry> device, std::shared_ptr<Rasterization> rasterization)
      : ChildEntry(std::move(device)), rasterization(std::move(rasterization)) {}

  const std::shared_ptr<Rasterization> rasterization;
};

class LpipsEntry : public ChildEntry {
 public:
  static constexpr Kind kind = Kind::lpips;
  LpipsEntry(std::shared_ptr<DeviceEntry> device, std::shared_ptr<Lpips> lpips, uint32_t least_side)
      : ChildEntry(std::move(device)), lpips(std::move(lpips)), least_side(least_side) {}

  const std::shared_ptr<Lpips> lpips;
  const uint32_t least_side;  // pixels
};

// Throws TAME_INVALID_ARGUMENT unless `handle` is an open T.
template <class T>
std::shared_ptr<T> find(const void* handle) {
  return std::static_pointer_cast<T>(handles().find(T::kind, handle));
}

template <class T>
void* open_handle(std::shared_ptr<T> entry) {
  return handles().add(T::kind, std::move(entry));
}

template <class T>
void close_child(const void* handle) {
  std::shared_ptr<Entry> entry = handles().remove(T::kind, handle);
  const std::shared_ptr<DeviceEntry> device = static_cast<T&>(*entry).device;
  device->release(std::move(entry));
}

// One call on a handle: finds it, keeps it alive and locks its device. Throws TAME_INVALID_ARGUMENT or TAME_BUSY.
template <class T>
class Call {
 public:
  explicit Call(const void* handle) : entry_(find<T>(handle)), device_(device_of(entry_)) {
    if (device_->enter()) return;
    device_->release(std::move(entry_));  // the last reference, if it was closed meanwhile
    fail(TAME_BUSY, "The device is busy with another call: wait until that call has ended");
  }
  ~Call() {
    entry_.reset();
    device_->leave();
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  T* operator->() const { return entry_.get(); }
  T& operator*() const { return *entry_; }
  const std::shared_ptr<DeviceEntry>& device() const { return device_; }

 private:
  static std::shared_ptr<DeviceEntry> device_of(const std::shared_ptr<DeviceEntry>& entry) { return entry; }
  static std::shared_ptr<DeviceEntry> device_of(const std::shared_ptr<ChildEntry>& entry) { return entry->device; }

  std::shared_ptr<T> entry_;
  const std::shared_ptr<DeviceEntry> device_;
};

}  // namespace tame
