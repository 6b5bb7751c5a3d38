// The handle table: see handles.h.
#include "handles.h"

#include "failure.h"

namespace tame {
namespace {

// 47 bits in all, like user addresses of x86-64 and AArch64, so that code which treats a handle as a pointer accepts
// it. The generation counts all handles, not those of one slot: it repeats after 2^30 handles, which matters only if
// the slot is the same as well.
constexpr uint32_t kSlotBits = 14;
constexpr uint32_t kGenerationBits = 30;
constexpr uint64_t kSlots = uint64_t(1) << kSlotBits;
constexpr uint64_t kGenerations = uint64_t(1) << kGenerationBits;

static_assert(sizeof(void*) == 8, "handles need 64-bit pointers");

uint64_t encode(Kind kind, uint64_t generation, uint64_t slot) {
  return (uint64_t(kind) << (kGenerationBits + kSlotBits)) | (generation << kSlotBits) | slot;
}

}  // namespace

const char* kind_name(Kind kind) {
  switch (kind) {
    case Kind::device:
      return "device";
    case Kind::gaussians:
      return "Gaussians";
    case Kind::views:
      return "views";
    case Kind::trainer:
      return "trainer";
    case Kind::rasterization:
      return "rasterization";
    case Kind::lpips:
      return "LPIPS";
  }
  return "unknown";
}

// Two libraries in one process are at different addresses and so start at different generations: a handle of one is
// not valid in the other. The multiplier is 2^64 / golden ratio (Fibonacci hashing).
HandleTable::HandleTable() : generation_((reinterpret_cast<uintptr_t>(&handles) * 0x9E3779B97F4A7C15u) >> 34) {}

void* HandleTable::add(Kind kind, std::shared_ptr<Entry> entry) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (free_slots_.empty()) {
    if (slots_.size() == kSlots)
      fail(TAME_OUT_OF_MEMORY, "All %llu handles are open: close some", static_cast<unsigned long long>(kSlots));
    free_slots_.reserve(slots_.size() + 1);  // remove() must not run out of memory
    slots_.emplace_back();
    free_slots_.push_back(uint32_t(slots_.size() - 1));
  }
  const uint32_t index = free_slots_.back();
  free_slots_.pop_back();
  generation_ = (generation_ + 1) % kGenerations;
  Slot& slot = slots_[index];
  slot.handle = encode(kind, generation_, index);
  slot.entry = std::move(entry);
  return reinterpret_cast<void*>(slot.handle);
}

HandleTable::Slot& HandleTable::slot_of(Kind kind, const void* handle) {
  if (handle == nullptr) fail(TAME_INVALID_ARGUMENT, "The %s handle is NULL", kind_name(kind));
  const auto value = reinterpret_cast<uintptr_t>(handle);
  const uint64_t index = value % kSlots;
  const bool right_kind = value >> (kGenerationBits + kSlotBits) == uint64_t(kind);
  if (!right_kind || index >= slots_.size() || slots_[index].handle != value)
    fail(TAME_INVALID_ARGUMENT, "Not an open %s handle of this library: already closed, of another kind, or foreign",
         kind_name(kind));
  return slots_[index];
}

std::shared_ptr<Entry> HandleTable::find(Kind kind, const void* handle) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return slot_of(kind, handle).entry;
}

std::shared_ptr<Entry> HandleTable::remove(Kind kind, const void* handle) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Slot& slot = slot_of(kind, handle);
  free_slots_.push_back(uint32_t(&slot - slots_.data()));
  slot.handle = 0;
  return std::move(slot.entry);
}

HandleTable& handles() {
  // Never destroyed: the process may exit while a call still runs on another thread.
  static HandleTable& table = *new HandleTable;
  return table;
}

}  // namespace tame
