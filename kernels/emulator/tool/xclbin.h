// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper::emu {

/// A kernel of a container, and the array configuration that it wants.
struct XclbinKernel {
  std::string name;
  std::span<const std::byte> image;  ///< Goes where silicon's configuration is: the PDI.
  int n_buffers = 5;                 ///< Arguments, behind opcode, instructions and their length.
};

struct XclbinContents {
  int n_columns = 1;  ///< Of the array.
  std::vector<XclbinKernel> kernels;
};

/// Writes a container that XRT registers, with kernels as aiecc makes them. Uses xclbinutil, which
/// must be on PATH. Errors: Unavailable, with what xclbinutil said.
Result<void> write_xclbin(const std::filesystem::path& path, const XclbinContents& contents);

}  // namespace npuwhisper::emu
