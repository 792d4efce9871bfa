// SPDX-License-Identifier: LGPL-2.1-or-later
#include "replaced_allocation.h"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace npuwhisper::test {
namespace {

// Volatile, because compilers assume that malloc() and free() read no variable of this file.
thread_local volatile bool is_inside = false;

void* allocate(std::size_t n_bytes, std::size_t alignment, const void* caller) {
  if (!allows(Allocation::New, caller)) throw std::bad_alloc();
  is_inside = true;
  n_bytes = n_bytes == 0 ? 1 : n_bytes;
  const std::size_t n_units = (n_bytes + alignment - 1) / alignment;
  void* memory = alignment <= alignof(std::max_align_t)
                     ? std::malloc(n_bytes)
                     : std::aligned_alloc(alignment, n_units * alignment);
  is_inside = false;
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void release(void* memory) {
  if (memory == nullptr) return;
  note_release(Allocation::New, memory);
  is_inside = true;
  std::free(memory);
  is_inside = false;
}

}  // namespace

bool is_in_replaced_new() {
  return is_inside;
}

}  // namespace npuwhisper::test

using npuwhisper::test::allocate;
using npuwhisper::test::release;

#define CALLER __builtin_return_address(0)
void* operator new(std::size_t n_bytes) {
  return allocate(n_bytes, 1, CALLER);
}
void* operator new[](std::size_t n_bytes) {
  return allocate(n_bytes, 1, CALLER);
}
void* operator new(std::size_t n_bytes, std::align_val_t alignment) {
  return allocate(n_bytes, static_cast<std::size_t>(alignment), CALLER);
}
void* operator new[](std::size_t n_bytes, std::align_val_t alignment) {
  return allocate(n_bytes, static_cast<std::size_t>(alignment), CALLER);
}
void operator delete(void* memory) noexcept {
  release(memory);
}
void operator delete[](void* memory) noexcept {
  release(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  release(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  release(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  release(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  release(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  release(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  release(memory);
}
#undef CALLER
