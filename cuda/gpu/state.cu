// Training state in device memory.
#include "device.h"

namespace tame::gpu {

namespace {

class GpuState : public StateMemory {
 public:
  GpuState(std::shared_ptr<GpuDevice> device, uint32_t purpose, size_t elements)
      : device_(std::move(device)), elements_(device_->ledger(), purpose, elements) {}
  void* data() const override { return elements_.data(); }

 private:
  const std::shared_ptr<GpuDevice> device_;
  const DeviceBuffer<uint32_t> elements_;
};

}  // namespace

std::unique_ptr<StateMemory> GpuDevice::make_state(uint32_t purpose, size_t elements) {
  return use([&] {
    auto state = std::make_unique<GpuState>(shared_from_this(), purpose, elements);
    clear_state(state->data(), elements);
    return state;
  });
}

void GpuDevice::read_state(const void* from, size_t elements, void* to_host) {
  if (elements == 0) return;
  use([&] { staging_.download(from, elements * sizeof(uint32_t), to_host, stream(), threads()); });
}

void GpuDevice::write_state(void* to, size_t elements, const void* from_host) {
  if (elements == 0) return;
  use([&] { staging_.upload(to, elements * sizeof(uint32_t), from_host, stream(), threads()); });
}

void GpuDevice::clear_state(void* at, size_t elements) {
  if (elements == 0) return;
  use([&] {
    check(cudaMemsetAsync(at, 0, elements * sizeof(uint32_t), stream()), "clear training state");
    stream().wait();
  });
}

}  // namespace tame::gpu
