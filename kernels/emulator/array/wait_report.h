// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <span>
#include <string>

#include "emulator/array/controller.h"
#include "emulator/array/core_processor.h"
#include "emulator/array/fabric.h"

namespace npuwhisper::emu {

/// Why nothing moves: what the stream waits for, followed from each waiting part to those that
/// could let it go on (who would release the lock, send the word, take it), and then all other
/// parts that wait, each with lock values and words left.
std::string describe_hang(const Fabric& fabric, const Controller& controller,
                          std::span<const std::unique_ptr<CoreProcessor>> cores);

/// The same for an array that moves without end while the stream waits.
std::string describe_endless(const Fabric& fabric, const Controller& controller,
                             std::span<const std::unique_ptr<CoreProcessor>> cores);

}  // namespace npuwhisper::emu
