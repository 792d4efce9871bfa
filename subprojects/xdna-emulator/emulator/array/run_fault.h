// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <vector>

#include "array/array_model.h"
#include "array/transaction.h"
#include "emulator/npu.h"

namespace npuwhisper::emu {

/// Changes an instruction stream so that its run has a fault. Faults that are not in the stream
/// (RunFault::StackOverflow) change nothing, nor does a fault for which the stream has no place.
void inject(RunFault fault, std::vector<npu::Instruction>& stream, const npu::ArrayModel& array);

}  // namespace npuwhisper::emu
