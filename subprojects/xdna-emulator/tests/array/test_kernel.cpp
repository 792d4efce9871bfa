// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstddef>
#include <cstdint>

#include "aie_api/emulation.h"

// A kernel object for the tests, with valid and invalid operations of kernel code.

#define EXPORT extern "C" __attribute__((visibility("default")))

extern "C" {
[[noreturn]] void npuwhisper_trap(const char* message);
void npuwhisper_check_access(const void* address, std::size_t bytes, bool is_write);
}

EXPORT void scale(const std::int32_t* in, std::int32_t* out, std::int32_t n, std::int32_t factor);
EXPORT float mixed(std::int8_t a, float b, std::int64_t c, std::uint16_t d, float e, bool f,
                   std::int32_t g, std::int32_t h, float* i, std::int16_t j);
EXPORT std::int32_t count_calls();
EXPORT void stop(std::int32_t* memory);
EXPORT void touch(std::uint8_t* memory, std::int64_t offset, std::int32_t bytes);
EXPORT void touch_host();
EXPORT void set_rounding(std::int32_t mode);
EXPORT std::int32_t get_rounding();
EXPORT std::int32_t core_id();
EXPORT std::int32_t load_bytes();
EXPORT void work(std::int32_t kind, std::int32_t n);
EXPORT void stream_to_cascade(std::int32_t n);
EXPORT void cascade_to_stream(std::int32_t n);
__attribute__((visibility("default"))) std::int32_t add(std::int32_t a, std::int32_t b);

void scale(const std::int32_t* in, std::int32_t* out, std::int32_t n, std::int32_t factor) {
  for (std::int32_t i = 0; i < n; ++i) {
    npuwhisper_check_access(in + i, sizeof *in, false);
    npuwhisper_check_access(out + i, sizeof *out, true);
    out[i] = in[i] * factor;
  }
  npuwhisper_core_state.macs_8x8 += static_cast<std::uint64_t>(n);
}

float mixed(std::int8_t a, float b, std::int64_t c, std::uint16_t d, float e, bool f,
            std::int32_t g, std::int32_t h, float* i, std::int16_t j) {
  *i = static_cast<float>(j);
  return static_cast<float>(a) + b + static_cast<float>(c) + static_cast<float>(d) + e +
         (f ? 0.5F : 0) + static_cast<float>(g) + static_cast<float>(h);
}

std::int32_t count_calls() {
  static std::int32_t n = 0;
  return ++n;
}

void stop(std::int32_t* memory) {
  *memory = 7;
  npuwhisper_trap("unaligned vector load");
}

void touch(std::uint8_t* memory, std::int64_t offset, std::int32_t bytes) {
  npuwhisper_check_access(memory + offset, static_cast<std::size_t>(bytes), true);
  memory[offset] = 42;
}

void touch_host() {
  std::int32_t local = 1;
  static std::int32_t global = 1;
  npuwhisper_check_access(&local, sizeof local, true);
  npuwhisper_check_access(&global, sizeof global, true);
  npuwhisper_check_access(reinterpret_cast<void*>(0x1000), 4, false);
}

void set_rounding(std::int32_t mode) {
  npuwhisper_core_state.rounding = static_cast<std::uint32_t>(mode);
}
std::int32_t get_rounding() {
  return static_cast<std::int32_t>(npuwhisper_core_state.rounding);
}
std::int32_t core_id() {
  return static_cast<std::int32_t>(npuwhisper_core_state.core_id);
}
std::int32_t load_bytes() {
  return static_cast<std::int32_t>(npuwhisper_core_state.load_bytes);
}

std::int32_t add(std::int32_t a, std::int32_t b) {
  return a + b;
}

// Reads words from stream 1 and sends them in cascade values of sixteen words.
void stream_to_cascade(std::int32_t n) {
  const NpuWhisperCoreState& s = npuwhisper_core_state;
  for (std::int32_t i = 0; i < n; ++i) {
    std::uint32_t value[16];
    for (std::uint32_t& word : value) word = s.get_stream(s.core, 1);
    s.put_cascade(s.core, value, sizeof value);
  }
}

void cascade_to_stream(std::int32_t n) {
  NpuWhisperCoreState& s = npuwhisper_core_state;
  for (std::int32_t i = 0; i < n; ++i) {
    std::uint32_t value[16];
    s.get_cascade(s.core, value, sizeof value);
    s.scalar_ops += 1000;
    for (const std::uint32_t word : value) s.put_stream(s.core, 0, 2 * word, false);
  }
}

void work(std::int32_t kind, std::int32_t n) {
  NpuWhisperCoreState& s = npuwhisper_core_state;
  const auto count = static_cast<std::uint64_t>(n);
  std::uint64_t* const counters[] = {&s.macs_8x8, &s.macs_bf16, &s.macs_bfp16, &s.vector_ops,
                                     &s.loads,    &s.stores,    &s.scalar_ops};
  *counters[kind] += count;
}
