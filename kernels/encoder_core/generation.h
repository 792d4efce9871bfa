// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

// The parts that differ between AIE generations, selected by the compiler's target.
#if __AIE_ARCH__ == 20
#include "encoder_core/aie2.h"
#elif __AIE_ARCH__ == 21
#include "encoder_core/aie2p.h"
#else
#error "the encoder's core functions are for AIE2 (__AIE_ARCH__ 20) and AIE2P (21)"
#endif
