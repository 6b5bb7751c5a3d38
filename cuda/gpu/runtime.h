// Wrappers of the CUDA runtime: checked calls, counted memory, streams and events.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "../abi/ledger.h"

namespace tame::gpu {

// Thrown for errors that make the context unusable.
class Poisoned : public Failure {
 public:
  using Failure::Failure;
};

// Throws unless error is cudaSuccess. Out of memory, no device and old drivers have their own messages; a sticky error
// throws Poisoned.
void check(cudaError_t error, const char* doing);
inline void check_launch(const char* kernel) {
  check(cudaGetLastError(), kernel);
}

// Trivially copyable elements in device memory. Growing drops the contents and allocates a quarter more than requested.
template <class T>
class DeviceBuffer {
 public:
  DeviceBuffer(Ledger& ledger, uint32_t purpose) : ledger_(&ledger), purpose_(purpose) {}
  DeviceBuffer(Ledger& ledger, uint32_t purpose, size_t size) : DeviceBuffer(ledger, purpose) { allocate(size); }
  DeviceBuffer(DeviceBuffer&& other) noexcept
      : ledger_(other.ledger_),
        purpose_(other.purpose_),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  DeviceBuffer& operator=(DeviceBuffer&&) = delete;
  ~DeviceBuffer() { release(); }

  T* data() const { return data_; }
  size_t size() const { return size_; }
  size_t bytes() const { return size_ * sizeof(T); }

  // At least `size` elements, for scratch; assign: exactly `size`, for data that is kept.
  void reserve(size_t size) {
    if (size <= size_) return;
    release();
    try {
      allocate(size + size / 4);
    } catch (const Failure& failure) {
      if (failure.status != TAME_OUT_OF_MEMORY) throw;
      allocate(size);  // without the reserve
    }
  }
  void assign(size_t size) {
    if (size == size_) return;
    release();
    allocate(size);
  }

 private:
  void allocate(size_t size) {
    if (size == 0) return;
    const size_t bytes = size * sizeof(T);
    ledger_->take(purpose_, bytes);
    void* memory = nullptr;
    const cudaError_t error = cudaMalloc(&memory, bytes);
    if (error != cudaSuccess) {
      ledger_->give_back(purpose_, bytes);
      if (error == cudaErrorMemoryAllocation) {
        cudaGetLastError();  // not sticky: forget it
        size_t free = 0, total = 0;
        cudaMemGetInfo(&free, &total);
        Ledger::throw_out_of_memory(purpose_, bytes, free);
      }
      check(error, "allocate device memory");
    }
    data_ = static_cast<T*>(memory);
    size_ = size;
  }
  void release() {
    if (data_ == nullptr) return;
    cudaFree(data_);  // waits for work that uses it
    ledger_->give_back(purpose_, size_ * sizeof(T));
    data_ = nullptr;
    size_ = 0;
  }

  Ledger* ledger_;
  uint32_t purpose_;
  T* data_ = nullptr;
  size_t size_ = 0;
};

// Trivially copyable elements in host memory: page-locked, so that the device reads and writes them directly, or
// ordinary. Assigning another size drops the contents.
template <class T>
class HostBuffer {
 public:
  enum class Pages { locked, ordinary };

  HostBuffer(Ledger& ledger, Pages pages, size_t size = 0) : ledger_(&ledger), pages_(pages) { assign(size); }
  HostBuffer(HostBuffer&& other) noexcept
      : ledger_(other.ledger_),
        pages_(other.pages_),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  HostBuffer& operator=(HostBuffer&&) = delete;
  ~HostBuffer() { release(); }

  T* data() const { return data_; }
  size_t size() const { return size_; }

  void assign(size_t size) {
    if (size == size_) return;
    release();
    if (size == 0) return;
    const size_t bytes = size * sizeof(T);
    if (pages_ == Pages::locked) {
      void* memory = nullptr;
      check(cudaHostAlloc(&memory, bytes, cudaHostAllocPortable | cudaHostAllocMapped), "pin host memory");
      data_ = static_cast<T*>(memory);
    } else {
      data_ = static_cast<T*>(::operator new(bytes));
    }
    size_ = size;
    ledger_->take_host(bytes);
  }

 private:
  void release() {
    if (data_ == nullptr) return;
    if (pages_ == Pages::locked)
      cudaFreeHost(data_);
    else
      ::operator delete(data_);
    ledger_->give_back_host(size_ * sizeof(T));
    data_ = nullptr;
    size_ = 0;
  }

  Ledger* ledger_;
  Pages pages_;
  T* data_ = nullptr;
  size_t size_ = 0;
};

class Stream {
 public:
  Stream() { check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "create a stream"); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { cudaStreamDestroy(stream_); }
  operator cudaStream_t() const { return stream_; }
  void wait() const { check(cudaStreamSynchronize(stream_), "wait for the device"); }

 private:
  cudaStream_t stream_ = nullptr;
};

class Event {
 public:
  Event() { check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "create an event"); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { cudaEventDestroy(event_); }
  void record(cudaStream_t stream) { check(cudaEventRecord(event_, stream), "record an event"); }
  void wait() const { check(cudaEventSynchronize(event_), "wait for an event"); }
  void hold(cudaStream_t stream) const { check(cudaStreamWaitEvent(stream, event_, 0), "wait for an event"); }

 private:
  cudaEvent_t event_ = nullptr;
};

inline uint32_t blocks_for(uint64_t items, uint32_t threads) {
  return uint32_t((items + threads - 1) / threads);
}

}  // namespace tame::gpu
