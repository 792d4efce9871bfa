// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include <npuwhisper/result.h>

#include "emulator/design.h"

namespace npuwhisper::emu {

/// Settings that the text leaves open, like the options --device-name and --alloc-scheme of
/// mlir-aie's aiecc.
struct LowerOptions {
  std::string device = {};  ///< Symbol of the aie.device; the first device if empty.
  /// Buffer placement in tiles that do not specify a placement: "basic-sequential" or "bank-aware".
  /// If empty, lower() tries bank-aware, then basic-sequential.
  std::string allocation_scheme = {};
};

/// Reads MLIR-AIE text and lowers one of its aie.devices. Converts object FIFOs to buffers, locks
/// and DMA programs. Places all buffers, locks and descriptors that are not pinned. Checks that
/// flows can be routed. Compiles cores and runtime sequences. Refuses everything that silicon or
/// aiecc would refuse, with the line and a message like mlir-aie's. Also refuses constructs that
/// are not modelled; the message names the construct. Errors: InvalidArgument (malformed text, a
/// limit exceeded), NotFound (no such device in the text), Unsupported (a construct that is not
/// modelled). Reentrant.
Result<Design> lower(std::string_view text, const LowerOptions& options = {});

}  // namespace npuwhisper::emu
