// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstddef>
#include <cstdint>

#include "aie_api/emulation.h"

extern "C" void npuwhisper_check_access(const void* address, std::size_t bytes, bool is_write);

namespace {

/// Returns whether an access is to the host's stack. Such an access is neither counted nor checked,
/// because the core's compiler may keep the variable in a register.
bool in_stack(const void* address, std::size_t bytes) {
  const NpuWhisperCoreState::Window& stack = npuwhisper_core_state.stack;
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  return at >= stack.begin && at <= stack.end && bytes <= stack.end - at;
}

void scalar_access(const void* address, std::size_t bytes, bool is_write) {
  if (in_stack(address, bytes)) return;
  ++npuwhisper_core_state.scalar_ops;
  npuwhisper_check_access(address, bytes, is_write);
}

/// Counts and checks an access to a whole structure, or to a vector through a pointer to its type.
void wide_access(const void* address, std::size_t bytes, bool is_write) {
  if (in_stack(address, bytes)) return;
  NpuWhisperCoreState& state = npuwhisper_core_state;
  (is_write ? state.stores : state.loads) += (bytes + state.load_bytes - 1) / state.load_bytes;
  npuwhisper_check_access(address, bytes, is_write);
}

}  // namespace

// Code compiled with -fsanitize=kernel-address and outlined checks calls the functions below before
// each memory access. This variant of the sanitizer needs neither shadow memory nor a runtime
// library.
extern "C" {

#define NPUWHISPER_ACCESS(bytes)                            \
  void __asan_load##bytes##_noabort(const void* address);   \
  void __asan_store##bytes##_noabort(const void* address);  \
  void __asan_load##bytes##_noabort(const void* address) {  \
    scalar_access(address, bytes, false);                   \
  }                                                         \
  void __asan_store##bytes##_noabort(const void* address) { \
    scalar_access(address, bytes, true);                    \
  }
NPUWHISPER_ACCESS(1)
NPUWHISPER_ACCESS(2)
NPUWHISPER_ACCESS(4)
NPUWHISPER_ACCESS(8)
NPUWHISPER_ACCESS(16)
#undef NPUWHISPER_ACCESS

void __asan_loadN_noabort(const void* address, std::size_t bytes);
void __asan_storeN_noabort(const void* address, std::size_t bytes);
void __asan_handle_no_return();

void __asan_loadN_noabort(const void* address, std::size_t bytes) {
  wide_access(address, bytes, false);
}

void __asan_storeN_noabort(const void* address, std::size_t bytes) {
  wide_access(address, bytes, true);
}

void __asan_handle_no_return() {}
}
