// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <span>
#include <string>

#include "emulator/array/controller.h"
#include "emulator/array/core_processor.h"
#include "emulator/array/fabric.h"

namespace npuwhisper::emu {

/// Explains why nothing moves. Starts with the waits of the instruction stream. Follows each wait
/// to the cores and channels that could end the wait by releasing the lock, or by sending or
/// receiving words. Then lists all other cores and channels that wait. Each line has the value of
/// the lock or the number of remaining words.
std::string describe_hang(const Fabric& fabric, const Controller& controller,
                          std::span<const std::unique_ptr<CoreProcessor>> cores);

/// Explains the waits of an instruction stream like describe_hang(), but for an array that never
/// becomes idle.
std::string describe_endless(const Fabric& fabric, const Controller& controller,
                             std::span<const std::unique_ptr<CoreProcessor>> cores);

}  // namespace npuwhisper::emu
