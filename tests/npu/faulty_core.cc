// SPDX-License-Identifier: LGPL-2.1-or-later
// Builds the encoder's core functions with a fault, which the macro NPUWHISPER_FAULT selects. Tests
// check that the fault is found.
#include <aie_api/aie.hpp>

#define FAULT_NO_PRODUCTS 1  // encoder_multiply() does nothing.
#define FAULT_WRONG_LANE 2   // In the products, one lane of a vector is lost.
#define FAULT_ROUNDING 3     // Results are rounded down, as they are after a reset.
#define FAULT_NOT_CLEARED 4  // encoder_begin_block() does not clear the accumulator.

#if NPUWHISPER_FAULT == FAULT_NO_PRODUCTS || NPUWHISPER_FAULT == FAULT_WRONG_LANE
#define encoder_multiply correct_multiply
#elif NPUWHISPER_FAULT == FAULT_ROUNDING
#define set_rounding(mode) set_rounding(aie::rounding_mode::floor)
#elif NPUWHISPER_FAULT == FAULT_NOT_CLEARED
#define encoder_begin_block correct_begin_block
#else
#error "NPUWHISPER_FAULT selects no fault"
#endif
#if __AIE_ARCH__ == 20
#include "encoder_core/encoder_core_aie2.cc"
#else
#include "encoder_core/encoder_core_aie2p.cc"
#endif
#undef encoder_multiply
#undef set_rounding
#undef encoder_begin_block

extern "C" {
#if NPUWHISPER_FAULT == FAULT_NO_PRODUCTS || NPUWHISPER_FAULT == FAULT_WRONG_LANE
void encoder_multiply(const void*, std::int32_t, void*, std::int32_t, std::int32_t,
                      npuwhisper::npu::core::Job*, float*);
void encoder_multiply([[maybe_unused]] const void* a, [[maybe_unused]] std::int32_t a_slot,
                      [[maybe_unused]] void* b, [[maybe_unused]] std::int32_t b_slot,
                      [[maybe_unused]] std::int32_t half,
                      [[maybe_unused]] npuwhisper::npu::core::Job* job,
                      [[maybe_unused]] float* accumulator) {
#if NPUWHISPER_FAULT == FAULT_WRONG_LANE
  correct_multiply(a, a_slot, b, b_slot, half, job, accumulator);
  constexpr int kSums = npuwhisper::npu::core::kTile * npuwhisper::npu::core::kTile;
  for (int i = 5; i < kSums; i += 16) accumulator[i] = 0;
#endif
}
#elif NPUWHISPER_FAULT == FAULT_NOT_CLEARED
void encoder_begin_block(npuwhisper::npu::core::Job*, std::int32_t, float*);
void encoder_begin_block(npuwhisper::npu::core::Job* job, std::int32_t block, float*) {
  job->block = block;
}
#endif
}
