// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <span>
#include <string>

#include "emulator/array/controller.h"
#include "emulator/array/core_processor.h"
#include "emulator/array/fabric.h"

namespace npuwhisper::emu {

/// Returns a text of several lines that explains why an array is deadlocked. The text starts with
/// the waits of the instruction stream. It follows each wait to the cores and channels that could
/// end the wait by releasing the lock, or by sending or receiving words. Then it lists all other
/// cores and channels that wait. Lines about locks contain the lock's value, and lines about words
/// contain the number of words.
std::string describe_hang(const Fabric& fabric, const Controller& controller,
                          std::span<const std::unique_ptr<CoreProcessor>> cores);

/// Returns the same text as describe_hang(), but with a first line for an array that never becomes
/// idle.
std::string describe_endless(const Fabric& fabric, const Controller& controller,
                             std::span<const std::unique_ptr<CoreProcessor>> cores);

}  // namespace npuwhisper::emu
