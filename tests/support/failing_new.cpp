// SPDX-License-Identifier: LGPL-2.1-or-later
#include "failing_new.h"

#include <dlfcn.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

// Of the thread: calls until one fails; 0: none does.
thread_local long n_left = 0;
thread_local bool lasts = false;
thread_local bool spares_onednn = false;
thread_local bool has_failed = false;

bool is_in_onednn(const void* address) {
  Dl_info info{};
  return dladdr(address, &info) != 0 && std::strstr(info.dli_fname, "libdnnl") != nullptr;
}

bool fails(const void* caller) {
  if (n_left == 0 || (spares_onednn && is_in_onednn(caller))) return false;
  if (n_left > 1) {
    --n_left;
    return false;
  }
  if (!lasts) n_left = 0;
  has_failed = true;
  return true;
}

void* allocate(std::size_t n_bytes, std::size_t alignment, const void* caller) {
  void* memory = nullptr;
  if (!fails(caller)) {
    n_bytes = n_bytes == 0 ? 1 : n_bytes;
    const std::size_t n_units = (n_bytes + alignment - 1) / alignment;
    memory = alignment <= alignof(std::max_align_t)
                 ? std::malloc(n_bytes)
                 : std::aligned_alloc(alignment, n_units * alignment);
  }
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

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
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

#undef CALLER

namespace npuwhisper::test {

FailingNew::FailingNew(const Failures& failures) {
  has_failed = false;
  lasts = failures.lasts;
  spares_onednn = failures.spares_onednn;
  n_left = failures.first;
}

FailingNew::~FailingNew() {
  n_left = 0;
}

bool FailingNew::happened() const {
  return has_failed;
}

}  // namespace npuwhisper::test
