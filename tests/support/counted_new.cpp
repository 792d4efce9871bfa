// SPDX-License-Identifier: LGPL-2.1-or-later
#include "counted_new.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<long> allocations{0};

void* counted(std::size_t n_bytes) {
  ++allocations;
  void* memory = std::malloc(n_bytes == 0 ? 1 : n_bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t n_bytes) {
  return counted(n_bytes);
}
void* operator new[](std::size_t n_bytes) {
  return counted(n_bytes);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace npuwhisper::test {

long n_allocations() {
  return allocations;
}

}  // namespace npuwhisper::test
