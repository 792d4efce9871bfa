// SPDX-License-Identifier: LGPL-2.1-or-later
#include "aie_api/emulation.h"

#include <cstdio>
#include <cstdlib>

// This file is linked into every kernel object. It is compiled without instrumentation, because the
// instrumentation calls its functions.

extern "C" {

// The start and the end of the object that this file is linked into. The linker defines both
// symbols.
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char _end[] __attribute__((visibility("hidden")));

__attribute__((visibility("default"))) NpuWhisperCoreState npuwhisper_core_state;

[[noreturn]] void npuwhisper_trap(const char* message);
[[noreturn]] void npuwhisper_trap_misaligned(const void* address, std::size_t bytes,
                                             std::size_t alignment, bool is_write);
void npuwhisper_check_access(const void* address, std::size_t bytes, bool is_write);
}

void npuwhisper_trap(const char* message) {
  if (npuwhisper_core_state.trap) npuwhisper_core_state.trap(npuwhisper_core_state.core, message);
  std::fprintf(stderr, "aie_api emulation: %s\n", message);
  std::abort();
}

void npuwhisper_trap_misaligned(const void* address, std::size_t bytes, std::size_t alignment,
                                bool is_write) {
  char text[160];
  std::snprintf(
      text, sizeof text,
      "aligned vector %s of %zu bytes at an address that is not a multiple of %zu (%zu over)",
      is_write ? "store" : "load", bytes, alignment,
      reinterpret_cast<std::uintptr_t>(address) % alignment);
  npuwhisper_trap(text);
}

namespace {

bool inside(std::uintptr_t begin, std::uintptr_t end, std::uintptr_t address, std::size_t bytes) {
  return address >= begin && address < end && bytes <= end - address;
}

bool inside(const NpuWhisperCoreState::Window& window, std::uintptr_t address, std::size_t bytes) {
  return inside(window.begin, window.end, address, bytes);
}

}  // namespace

void npuwhisper_check_access(const void* pointer, std::size_t bytes, bool is_write) {
  const NpuWhisperCoreState& state = npuwhisper_core_state;
  const auto address = reinterpret_cast<std::uintptr_t>(pointer);
  if (inside(state.memory, address, bytes) || inside(state.stack, address, bytes) ||
      inside(state.neighbour, address, bytes)) {
    return;
  }
  // Accesses to the object's tables and static variables are allowed, because a core has these data
  // in its own memory.
  if (inside(reinterpret_cast<std::uintptr_t>(__ehdr_start), reinterpret_cast<std::uintptr_t>(_end),
             address, bytes)) {
    return;
  }
  if (state.check_access) state.check_access(state.core, pointer, bytes, is_write);
}
