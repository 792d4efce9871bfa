// SPDX-License-Identifier: LGPL-2.1-or-later
#include <aie_api/aie.hpp>

// An ordinary kernel object for guard_test, with valid and invalid memory accesses.

extern "C" {
void scale_scalar(const int32* in, int32* out, int32 n, int32 factor);
void copy_bytes(const uint8* in, uint8* out, int32 n);
void clear_bytes(uint8* out, int32 n);
int32 look_up(int32 i);
int32 count_calls();
void copy_vectors(const int16* in, int16* out, int32 n);
int32 histogram(const uint8* in, int32 n);
bfloat16 half_of(bfloat16 x);
void set_modes();
}

namespace {
const int32 kTable[8] = {1, 2, 4, 8, 16, 32, 64, 128};
int32 n_calls = 0;
}  // namespace

extern "C" {

void scale_scalar(const int32* restrict in, int32* restrict out, int32 n, int32 factor) {
  for (int32 i = 0; i < n; ++i) out[i] = in[i] * factor;
}

void copy_bytes(const uint8* in, uint8* out, int32 n) {
  __builtin_memcpy(out, in, static_cast<std::size_t>(n));
}

void clear_bytes(uint8* out, int32 n) {
  for (int32 i = 0; i < n; ++i) out[i] = 0;
}

int32 look_up(int32 i) {
  return kTable[i & 7];
}

int32 count_calls() {
  return ++n_calls;
}

/// Copies through pointers to the compiler's vector types.
void copy_vectors(const int16* in, int16* out, int32 n) {
  const v32int16* from = reinterpret_cast<const v32int16*>(in);
  v32int16* to = reinterpret_cast<v32int16*>(out);
  for (int32 i = 0; i < n; ++i) *to++ = *from++;
}

/// Indexes an array on the stack by values from the data.
int32 histogram(const uint8* in, int32 n) {
  int32 bins[16] = {};
  for (int32 i = 0; i < n; ++i) ++bins[in[i] & 15];
  int32 best = 0;
  for (int32 i = 1; i < 16; ++i) {
    if (bins[i] > bins[best]) best = i;
  }
  return best;
}

bfloat16 half_of(bfloat16 x) {
  return static_cast<bfloat16>(static_cast<float>(x) * 0.5F);
}

void set_modes() {
  aie::set_rounding(aie::rounding_mode::conv_even);
  aie::set_saturation(aie::saturation_mode::saturate);
}
}
