// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "array/clock_constants.h"

namespace npuwhisper::emu {

using npu::Cycles;

}  // namespace npuwhisper::emu
