// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <npuwhisper/result.h>

#include "emulator/array/core_memory.h"
#include "emulator/array/fabric.h"
#include "emulator/design.h"

namespace npuwhisper::emu {

/// Looks through a core's program once, so that executing it needs no look at registers, jumps or
/// locks: all that it names exists. Errors: InvalidArgument; Unsupported.
Result<void> check_program(const Core& core, const CoreMemory& memory, const Fabric& fabric);

}  // namespace npuwhisper::emu
