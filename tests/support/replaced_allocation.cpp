// SPDX-License-Identifier: LGPL-2.1-or-later
#include "replaced_allocation.h"

#include <malloc.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <new>

// glibc's own, under the names that it keeps for those who replace the plain ones.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);
}

namespace {

using npuwhisper::test::note_allocation;
using npuwhisper::test::note_release;

void* allocate(std::size_t n_bytes, std::size_t alignment, const void* caller) {
  note_allocation(caller);
  return alignment == 0 ? __libc_malloc(n_bytes) : __libc_memalign(alignment, n_bytes);
}

void* allocate_or_throw(std::size_t n_bytes, std::size_t alignment, const void* caller) {
  void* memory = allocate(n_bytes == 0 ? 1 : n_bytes, alignment, caller);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void release(void* memory) {
  if (memory != nullptr) note_release(memory);
  __libc_free(memory);
}

}  // namespace

#define CALLER __builtin_return_address(0)
// Libraries are to find them here.
#pragma GCC visibility push(default)
extern "C" {
void* malloc(std::size_t n_bytes) {
  return allocate(n_bytes, 0, CALLER);
}
void* calloc(std::size_t n, std::size_t n_bytes) {
  note_allocation(CALLER);
  return __libc_calloc(n, n_bytes);
}
void* realloc(void* memory, std::size_t n_bytes) {
  note_allocation(CALLER);
  return __libc_realloc(memory, n_bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t n_bytes) {
  return allocate(n_bytes, alignment, CALLER);
}
void* memalign(std::size_t alignment, std::size_t n_bytes) {
  return allocate(n_bytes, alignment, CALLER);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t n_bytes) {
  *memory = allocate(n_bytes, alignment, CALLER);
  return *memory == nullptr ? ENOMEM : 0;
}
void free(void* memory) {
  release(memory);
}
// Our buffers are the kernel's pages.
void* mmap(void* address, std::size_t n_bytes, int protection, int flags, int file,
           off_t offset) noexcept {
  note_allocation(CALLER);
  return reinterpret_cast<void*>(
      syscall(SYS_mmap, address, n_bytes, protection, flags, file, offset));
}
}
void* operator new(std::size_t n_bytes) {
  return allocate_or_throw(n_bytes, 0, CALLER);
}
void* operator new[](std::size_t n_bytes) {
  return allocate_or_throw(n_bytes, 0, CALLER);
}
void* operator new(std::size_t n_bytes, std::align_val_t alignment) {
  return allocate_or_throw(n_bytes, static_cast<std::size_t>(alignment), CALLER);
}
void* operator new[](std::size_t n_bytes, std::align_val_t alignment) {
  return allocate_or_throw(n_bytes, static_cast<std::size_t>(alignment), CALLER);
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
#pragma GCC visibility pop
#undef CALLER
