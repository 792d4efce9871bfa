// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstddef>
#include <cstdint>

// memcpy, memmove and memset for kernel objects. The compiler does not instrument calls of these
// functions, so the functions check their accesses themselves. The checks also cover calls that the
// compiler inserts. The functions have hidden visibility, so that only the object that this file is
// linked into uses them.

extern "C" {

void npuwhisper_check_access(const void* address, std::size_t bytes, bool is_write);

// The C++ names differ from the symbol names, so that the compiler does not treat the functions as
// its built-in functions.
[[gnu::visibility("hidden")]] void* npuwhisper_memcpy(void* to, const void* from,
                                                      std::size_t n) asm("memcpy");
[[gnu::visibility("hidden")]] void* npuwhisper_memmove(void* to, const void* from,
                                                       std::size_t n) asm("memmove");
[[gnu::visibility("hidden")]] void* npuwhisper_memset(void* to, int value,
                                                      std::size_t n) asm("memset");
}

namespace {

// The bytes are volatile. Otherwise the compiler could replace a function's loop by a call of the
// function itself.
using Bytes = volatile unsigned char*;

void copy_up(void* to, const void* from, std::size_t n) {
#if defined(__x86_64__)
  asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
#else
  auto* target = static_cast<Bytes>(to);
  const auto* source = static_cast<const unsigned char*>(from);
  for (std::size_t i = 0; i < n; ++i) target[i] = source[i];
#endif
}

}  // namespace

void* npuwhisper_memcpy(void* to, const void* from, std::size_t n) {
  npuwhisper_check_access(from, n, false);
  npuwhisper_check_access(to, n, true);
  copy_up(to, from, n);
  return to;
}

void* npuwhisper_memmove(void* to, const void* from, std::size_t n) {
  npuwhisper_check_access(from, n, false);
  npuwhisper_check_access(to, n, true);
  if (reinterpret_cast<std::uintptr_t>(to) - reinterpret_cast<std::uintptr_t>(from) >= n) {
    copy_up(to, from, n);
  } else {
    auto* target = static_cast<Bytes>(to);
    const auto* source = static_cast<const unsigned char*>(from);
    for (std::size_t i = n; i > 0; --i) target[i - 1] = source[i - 1];
  }
  return to;
}

void* npuwhisper_memset(void* to, int value, std::size_t n) {
  npuwhisper_check_access(to, n, true);
  auto* target = static_cast<Bytes>(to);
  for (std::size_t i = 0; i < n; ++i) target[i] = static_cast<unsigned char>(value);
  return to;
}
