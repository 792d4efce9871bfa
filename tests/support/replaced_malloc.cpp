// SPDX-License-Identifier: LGPL-2.1-or-later
#include <dlfcn.h>
#include <malloc.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>

#include "replaced_allocation.h"

// glibc's own functions, under the names that it provides for replacements.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);
}

namespace npuwhisper::test {
namespace {

bool allows_malloc(const void* caller) {
  return is_in_replaced_new() || allows(Allocation::Malloc, caller);
}

void* allocate_aligned(std::size_t alignment, std::size_t n_bytes, const void* caller) {
  return allows_malloc(caller) ? __libc_memalign(alignment, n_bytes) : nullptr;
}

struct Mapping {
  void* address;
  std::size_t n_bytes;
  int protection, flags, file;
  off_t offset;
};

void* map(const Mapping& m, const void* caller) {
  if (!allows(Allocation::Map, caller)) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  // Finds the mmap() of a preloaded library, such as the emulated NPU. Without such a library,
  // finds the C library's mmap().
  static auto* const next = reinterpret_cast<decltype(&::mmap)>(dlsym(RTLD_NEXT, "mmap"));
  return next(m.address, m.n_bytes, m.protection, m.flags, m.file, m.offset);
}

}  // namespace
}  // namespace npuwhisper::test

using npuwhisper::test::allocate_aligned;
using npuwhisper::test::Allocation;
using npuwhisper::test::allows_malloc;

#define CALLER __builtin_return_address(0)
// The functions below are exported, so that libraries use them.
#pragma GCC visibility push(default)
extern "C" {
void* malloc(std::size_t n_bytes) {
  return allows_malloc(CALLER) ? __libc_malloc(n_bytes) : nullptr;
}
void* calloc(std::size_t n, std::size_t n_bytes) {
  return allows_malloc(CALLER) ? __libc_calloc(n, n_bytes) : nullptr;
}
void* realloc(void* memory, std::size_t n_bytes) {
  return allows_malloc(CALLER) ? __libc_realloc(memory, n_bytes) : nullptr;
}
void* aligned_alloc(std::size_t alignment, std::size_t n_bytes) {
  return allocate_aligned(alignment, n_bytes, CALLER);
}
void* memalign(std::size_t alignment, std::size_t n_bytes) {
  return allocate_aligned(alignment, n_bytes, CALLER);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t n_bytes) {
  void* const allocated = allocate_aligned(alignment, n_bytes, CALLER);
  if (allocated == nullptr) return ENOMEM;
  *memory = allocated;
  return 0;
}
void free(void* memory) {
  using namespace npuwhisper::test;
  if (memory != nullptr && !is_in_replaced_new()) note_release(Allocation::Malloc, memory);
  __libc_free(memory);
}

// With 64-bit offsets, the C library's header renames this function to mmap64. plain_mmap() below
// replaces mmap itself, which takes the same arguments.
void* mmap(void* address, std::size_t n_bytes, int protection, int flags, int file,
           off_t offset) noexcept {
  return npuwhisper::test::map({address, n_bytes, protection, flags, file, offset}, CALLER);
}
static_assert(sizeof(off_t) == 8 && sizeof(long) == 8);
void* plain_mmap(void* address, std::size_t n_bytes, int protection, int flags, int file,
                 off_t offset) __asm__("mmap");
void* plain_mmap(void* address, std::size_t n_bytes, int protection, int flags, int file,
                 off_t offset) {
  return npuwhisper::test::map({address, n_bytes, protection, flags, file, offset}, CALLER);
}
}
#pragma GCC visibility pop
#undef CALLER
