// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper::emu {

/// A kernel of an xclbin, with its configuration of the array.
struct XclbinKernel {
  std::string name;
  /// Image for the emulated array. It is stored as the PDI, in place of a configuration for
  /// silicon.
  std::span<const std::byte> image;
  /// Number of buffer arguments. They follow the opcode, the instructions and their length.
  int n_buffers = 5;
};

struct XclbinContents {
  int n_columns = 1;  ///< Number of columns of the array.
  std::vector<XclbinKernel> kernels;
};

/// Writes an xclbin that XRT can register, with kernels in the form that aiecc writes. Uses
/// xclbinutil, which must be on PATH. Errors: Unavailable, with the output of xclbinutil.
Result<void> write_xclbin(const std::filesystem::path& path, const XclbinContents& contents);

}  // namespace npuwhisper::emu
