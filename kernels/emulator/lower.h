// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include <npuwhisper/result.h>

#include "emulator/design.h"

namespace npuwhisper::emu {

/// Settings that the text leaves open, like aiecc's options --device-name and --alloc-scheme.
struct LowerOptions {
  std::string device = {};  ///< Symbol of the aie.device; empty: the first one.
  /// Buffer placement in tiles that do not specify it: basic-sequential or bank-aware. Empty:
  /// bank-aware, with basic-sequential as the fallback.
  std::string allocation_scheme = {};
};

/// Reads MLIR-AIE text and lowers one of its aie.devices: places buffers, locks and descriptors
/// that are not pinned, converts object FIFOs to them, checks that flows can be routed, and
/// compiles cores and runtime sequences. Refuses everything that silicon or aiecc would refuse,
/// with a message like mlir-aie's and the line. Also refuses constructs that are not modelled; the
/// message names the construct. Errors: InvalidArgument (malformed text, a limit exceeded),
/// NotFound (no such device in the text), Unsupported (a construct that is not modelled).
/// Reentrant.
Result<Design> lower(std::string_view text, const LowerOptions& options = {});

}  // namespace npuwhisper::emu
