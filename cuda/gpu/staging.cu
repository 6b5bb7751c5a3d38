// See staging.h.
#include <algorithm>
#include <cstring>
#include <memory>

#include "staging.h"

namespace tame::gpu {

namespace {

constexpr size_t kLeastStaged = 1 << 20;  // bytes; smaller copies go through the driver
constexpr size_t kPiece = 256 << 10;      // bytes that a thread copies at a time

void copy(void* to, const void* from, size_t bytes, Threads& threads) {
  threads.run(uint32_t((bytes + kPiece - 1) / kPiece), [&](uint32_t piece, uint32_t) {
    const size_t at = piece * kPiece;
    std::memcpy(static_cast<uint8_t*>(to) + at, static_cast<const uint8_t*>(from) + at, std::min(kPiece, bytes - at));
  });
}

}  // namespace

bool Staging::stages(size_t bytes) {
  if (bytes < kLeastStaged) return false;
  if (blocks_ == nullptr)
    blocks_ = std::unique_ptr<std::array<Block, 2>>(new std::array<Block, 2>{Block(ledger_), Block(ledger_)});
  return true;
}

void Staging::download(const void* from, size_t bytes, void* to, cudaStream_t stream, Threads& threads) {
  const auto part = [&](size_t at) { return std::min(kBlockBytes, bytes - at); };
  if (!stages(bytes)) {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream), "download");
    return check(cudaStreamSynchronize(stream), "wait for the device");
  }
  const auto fetch = [&](size_t at) {
    Block& block = (*blocks_)[at / kBlockBytes % 2];
    check(cudaMemcpyAsync(block.memory.data(), static_cast<const uint8_t*>(from) + at, part(at), cudaMemcpyDeviceToHost,
                          stream),
          "download");
    block.done.record(stream);
  };
  fetch(0);
  for (size_t at = 0; at < bytes; at += kBlockBytes) {
    if (at + kBlockBytes < bytes) fetch(at + kBlockBytes);
    const Block& block = (*blocks_)[at / kBlockBytes % 2];
    block.done.wait();
    copy(static_cast<uint8_t*>(to) + at, block.memory.data(), part(at), threads);
  }
}

void Staging::upload(void* to, size_t bytes, const void* from, cudaStream_t stream, Threads& threads) {
  if (!stages(bytes)) {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream), "upload");
    return check(cudaStreamSynchronize(stream), "wait for the device");
  }
  for (size_t at = 0; at < bytes; at += kBlockBytes) {
    const size_t part = std::min(kBlockBytes, bytes - at);
    Block& block = (*blocks_)[at / kBlockBytes % 2];
    if (at >= 2 * kBlockBytes) block.done.wait();
    copy(block.memory.data(), static_cast<const uint8_t*>(from) + at, part, threads);
    check(cudaMemcpyAsync(static_cast<uint8_t*>(to) + at, block.memory.data(), part, cudaMemcpyHostToDevice, stream),
          "upload");
    block.done.record(stream);
  }
  check(cudaStreamSynchronize(stream), "wait for the device");
}

}  // namespace tame::gpu
