// Training state in host memory.
#include "device.h"

namespace tame::cpu {

namespace {

class CpuState : public StateMemory {
 public:
  CpuState(Ledger& ledger, uint32_t purpose, size_t elements) : elements_(ledger, purpose, elements) {
    elements_.zero();
  }
  void* data() const override { return elements_.data(); }

 private:
  mutable Buffer<uint32_t> elements_;
};

}  // namespace

std::unique_ptr<StateMemory> CpuDevice::make_state(uint32_t purpose, size_t elements) {
  return std::make_unique<CpuState>(ledger(), purpose, elements);
}

void CpuDevice::read_state(const void* from, size_t elements, void* to_host) {
  if (elements != 0) std::memcpy(to_host, from, elements * sizeof(uint32_t));
}

void CpuDevice::write_state(void* to, size_t elements, const void* from_host) {
  if (elements != 0) std::memcpy(to, from_host, elements * sizeof(uint32_t));
}

void CpuDevice::clear_state(void* at, size_t elements) {
  if (elements != 0) std::memset(at, 0, elements * sizeof(uint32_t));
}

}  // namespace tame::cpu
