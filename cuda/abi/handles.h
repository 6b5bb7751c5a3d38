// The handle table. A handle is not an address but a number cast to a pointer: kind, generation and slot. Any other
// number, such as an old handle of a reused slot, is not in the table and is rejected.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "../tame.h"

namespace tame {

enum class Kind : uint32_t { device = 1, gaussians, views, trainer, rasterization, lpips };

const char* kind_name(Kind kind);

// What a handle refers to.
class Entry {
 public:
  virtual ~Entry() = default;

 private:
  friend class DeviceEntry;
  std::shared_ptr<Entry>
      next_closed_;  // in the device's list of closed entries: linked, so that closing allocates no memory
};

class HandleTable {
 public:
  HandleTable();

  // Throws Failure or std::bad_alloc if the table is full.
  void* add(Kind kind, std::shared_ptr<Entry> entry);
  // Both throw TAME_INVALID_ARGUMENT unless `handle` is an open handle of this kind and this library.
  std::shared_ptr<Entry> find(Kind kind, const void* handle);
  std::shared_ptr<Entry> remove(Kind kind, const void* handle);

 private:
  struct Slot {
    uint64_t handle = 0;  // 0 while the slot is free
    std::shared_ptr<Entry> entry;
  };

  Slot& slot_of(Kind kind, const void* handle);

  std::mutex mutex_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_slots_;
  uint64_t generation_;
};

HandleTable& handles();

}  // namespace tame
