// SPDX-License-Identifier: LGPL-2.1-or-later

// The encoder's core functions for AIE2.
#include "encoder_core/functions.h"

static_assert(__AIE_ARCH__ == 20);
