// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <npuwhisper/result.h>

#include "emulator/array/core_memory.h"
#include "emulator/array/fabric.h"
#include "emulator/design.h"

namespace npuwhisper::emu {

/// Checks that a core's program names only registers, jump targets and locks that exist. Execution
/// relies on this check. Errors: InvalidArgument, Unsupported (stream access that does not block).
Result<void> check_program(const Core& core, const CoreMemory& memory, const Fabric& fabric);

}  // namespace npuwhisper::emu
