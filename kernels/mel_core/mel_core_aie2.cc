// SPDX-License-Identifier: LGPL-2.1-or-later

// The log-mel core functions for AIE2.
#include "mel_core/functions.h"

static_assert(__AIE_ARCH__ == 20);
