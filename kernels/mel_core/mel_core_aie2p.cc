// SPDX-License-Identifier: LGPL-2.1-or-later

// The log-mel core functions for AIE2P. The products of power and filters are computed in plain
// bf16, lane by lane. Power spans six decades within a few bins, and weak bins would be lost under
// a shared exponent.
#include "mel_core/functions.h"

static_assert(__AIE_ARCH__ == 21);
#ifdef AIE_API_EMULATE_BFLOAT16_MMUL_WITH_BFP16
#error "the log-mel functions are not for block floating point"
#endif
