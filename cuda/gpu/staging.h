// Copies between the device and ordinary host memory through page-locked blocks, which several threads fill and empty:
// the driver copies ordinary memory with one.
#pragma once

#include <array>

#include "../abi/threads.h"
#include "runtime.h"

namespace tame::gpu {

class Staging {
 public:
  explicit Staging(Ledger& ledger) : ledger_(ledger) {}

  // Each waits until it is done.
  void download(const void* from, size_t bytes, void* to, cudaStream_t stream, Threads& threads);
  void upload(void* to, size_t bytes, const void* from, cudaStream_t stream, Threads& threads);

 private:
  static constexpr size_t kBlockBytes = 4 << 20;
  struct Block {
    explicit Block(Ledger& ledger) : memory(ledger, HostBuffer<uint8_t>::Pages::locked, kBlockBytes) {}
    HostBuffer<uint8_t> memory;
    Event done;  // the device's copy from it or to it
  };
  // Whether a copy is large enough to be staged; makes the blocks for the first one.
  bool stages(size_t bytes);

  Ledger& ledger_;
  std::unique_ptr<std::array<Block, 2>> blocks_;
};

}  // namespace tame::gpu
