// SPDX-License-Identifier: LGPL-2.1-or-later

// The encoder's core functions for AIE2P. bf16 blocks are multiplied as block floating point, with
// 8-bit mantissas and a shared exponent. This product is eight times as fast as the lane-by-lane
// product.
#define AIE_API_EMULATE_BFLOAT16_MMUL_WITH_BFP16 1
#include "encoder_core/functions.h"

static_assert(__AIE_ARCH__ == 21);
