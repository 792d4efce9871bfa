// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include <npuwhisper/result.h>

namespace npuwhisper::emu {

/// What XRT is told of an image.
struct XclbinContents {
  std::span<const std::byte> image;  ///< Goes where silicon's array configuration is: the PDI.
  int n_columns = 1;                 ///< Of the array.
  int n_buffers = 5;                 ///< Arguments of the kernel, behind its instructions.
};

/// Writes a container that XRT registers, with the one kernel MLIR_AIE (opcode, instruction buffer,
/// its length, buffers), as aiecc makes it. Uses xclbinutil, which must be on PATH.
/// Errors: Unavailable, with what xclbinutil said.
Result<void> write_xclbin(const std::filesystem::path& path, const XclbinContents& contents);

}  // namespace npuwhisper::emu
