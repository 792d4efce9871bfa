// SPDX-License-Identifier: LGPL-2.1-or-later
// Builds the encoder's core functions with an encoder_multiply() that does nothing. A test checks
// that this mutation changes the encoder's output.
#define encoder_multiply encoder_multiply_that_nobody_calls
#if __AIE_ARCH__ == 20
#include "encoder_core/encoder_core_aie2.cc"
#else
#include "encoder_core/encoder_core_aie2p.cc"
#endif
#undef encoder_multiply

extern "C" {
void encoder_multiply(const void*, std::int32_t, void*, std::int32_t, std::int32_t,
                      npuwhisper::npu::core::Job*, float*);
void encoder_multiply(const void*, std::int32_t, void*, std::int32_t, std::int32_t,
                      npuwhisper::npu::core::Job*, float*) {}
}
