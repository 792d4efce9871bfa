// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <span>
#include <string>

#include "emulator/array/controller.h"
#include "emulator/array/core_processor.h"
#include "emulator/array/fabric.h"

namespace npuwhisper::emu {

/// Explains why nothing moves. Follows the waits of the instruction stream from each waiting part
/// to the parts that could unblock that part (by releasing the lock, or by sending or taking the
/// word). Then lists all other waiting parts, each with lock values and words left.
std::string describe_hang(const Fabric& fabric, const Controller& controller,
                          std::span<const std::unique_ptr<CoreProcessor>> cores);

/// Explains the waits of an instruction stream like describe_hang(), but for an array that never
/// becomes idle.
std::string describe_endless(const Fabric& fabric, const Controller& controller,
                             std::span<const std::unique_ptr<CoreProcessor>> cores);

}  // namespace npuwhisper::emu
