// Vectors whose elements are not cleared when they are made: they are written right after, by several threads.
#pragma once

#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace tame {

// std::allocator, except that elements made without a value stay as the memory is.
template <class T>
struct UnsetAllocator : std::allocator<T> {
  template <class Other>
  struct rebind {
    using other = UnsetAllocator<Other>;
  };
  template <class Element>
  void construct(Element* at) noexcept {
    ::new (static_cast<void*>(at)) Element;
  }
  template <class Element, class... Arguments>
  void construct(Element* at, Arguments&&... arguments) {
    ::new (static_cast<void*>(at)) Element(std::forward<Arguments>(arguments)...);
  }
};

template <class T>
using UnsetVector = std::vector<T, UnsetAllocator<T>>;

// One float per Gaussian.
using Values = UnsetVector<float>;

}  // namespace tame
