// Counted, aligned memory of a device handle.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "../abi/ledger.h"

namespace tame::cpu {

constexpr size_t kAlignment = 64;  // a cache line, the widest vector register

// Elements of a trivial type. Growing drops the contents and allocates a quarter more than requested, so that a size
// that varies between views soon needs no more allocations.
template <class T>
class Buffer {
 public:
  Buffer(Ledger& ledger, uint32_t purpose) : ledger_(&ledger), purpose_(purpose) {}
  Buffer(Ledger& ledger, uint32_t purpose, size_t size) : Buffer(ledger, purpose) { allocate(size); }
  Buffer(Buffer&& other) noexcept
      : ledger_(other.ledger_),
        purpose_(other.purpose_),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&&) = delete;
  ~Buffer() { release(); }

  T* data() { return data_; }
  const T* data() const { return data_; }
  size_t size() const { return size_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }

  // At least `size` elements; contents undefined when it had to grow. For scratch.
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

  // Exactly `size` elements; contents undefined when that changes the size. For what is kept.
  void assign(size_t size) {
    if (size == size_) return;
    release();
    allocate(size);
  }

  void zero() {
    if (size_ != 0) std::memset(static_cast<void*>(data_), 0, size_ * sizeof(T));
  }

 private:
  void allocate(size_t size) {
    if (size == 0) return;
    const size_t bytes = (size * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
    ledger_->take(purpose_, bytes);
    data_ = static_cast<T*>(std::aligned_alloc(kAlignment, bytes));
    if (data_ == nullptr) {
      ledger_->give_back(purpose_, bytes);
      Ledger::throw_out_of_memory(purpose_, bytes, 0);
    }
    size_ = size;
  }

  void release() {
    if (data_ == nullptr) return;
    std::free(data_);
    ledger_->give_back(purpose_, (size_ * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment);
    data_ = nullptr;
    size_ = 0;
  }

  Ledger* ledger_;
  uint32_t purpose_;
  T* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace tame::cpu
