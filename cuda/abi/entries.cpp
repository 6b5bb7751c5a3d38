// The one-call rule and deferred closing: see entries.h.
#include "entries.h"

#include "exit.h"

namespace tame {

bool DeviceEntry::enter() noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (busy_ || !begin_call()) return false;
  busy_ = true;
  device_->make_current();
  return true;
}

void DeviceEntry::leave() noexcept {
  for (;;) {
    std::shared_ptr<Entry> entry;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (closed_ == nullptr) {
        busy_ = false;
        end_call();
        return;
      }
      entry = std::move(closed_);
      closed_ = std::move(entry->next_closed_);
    }
  }
}

void DeviceEntry::release(std::shared_ptr<Entry> entry) noexcept {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (busy_ || !begin_call()) {
      if (entry.use_count() == 1) {
        entry->next_closed_ = std::move(closed_);
        closed_ = std::move(entry);
      }
      entry.reset();
      return;
    }
    busy_ = true;
  }
  device_->make_current();
  entry.reset();
  leave();
}

void GaussiansEntry::claim(const char* what) {
  if (!trainer.expired())
    fail(TAME_BUSY, "Cannot %s while a trainer lives on these Gaussians: close the trainer", what);
  gaussians->set_linear_opacity(false);
}

void check_photo(const Trainer& trainer, uint32_t index, const char* name) {
  const uint32_t count = trainer.views->count();
  if (index >= count) fail(TAME_INVALID_ARGUMENT, "%s %u does not exist: there are %u views", name, index, count);
  if (!trainer.views->is_set(index)) fail(TAME_INVALID_ARGUMENT, "%s %u has no photo: set it first", name, index);
}

}  // namespace tame
