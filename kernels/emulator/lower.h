// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include <npuwhisper/result.h>

#include "emulator/design.h"

namespace npuwhisper::emu {

/// What a text leaves open, as aiecc's options --device-name and --alloc-scheme.
struct LowerOptions {
  std::string device = {};  ///< The symbol of the aie.device; empty: the first.
  /// How buffers are placed in tiles that say nothing of it: basic-sequential or bank-aware; empty:
  /// bank-aware, and sequential where that finds no room.
  std::string allocation_scheme = {};
};

/// Reads MLIR-AIE text and lowers one aie.device of it: it places buffers, locks and descriptors
/// that are not pinned, turns object FIFOs into them, checks that flows can be routed, compiles
/// cores and runtime sequences. What silicon or aiecc would refuse is an error, in words like
/// mlir-aie's, with the line; so is any construct that is not modelled, by its name. Errors:
/// InvalidArgument (malformed text, a limit broken), NotFound (no such device in the text),
/// Unsupported (a construct not modelled). Reentrant.
Result<Design> lower(std::string_view text, const LowerOptions& options = {});

}  // namespace npuwhisper::emu
