// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

#include "emulator/lower.h"

namespace npuwhisper::emu {

/// The emulator's substitute for a PDI, the configuration in an xclbin. Holds a design's text and
/// the kernels that the design links, compiled for the host as shared objects. Layout: magic,
/// version, then (name, length, bytes) records. parse_image() checks every length.
struct Image {
  struct Kernel {
    std::string name;  ///< Name of the kernel in link_with.
    std::vector<std::byte> shared_object;
  };
  std::string array;   ///< Name of the array: "npu1" or "npu2".
  std::string design;  ///< MLIR-AIE text of the design.
  std::vector<Kernel> kernels;
  LowerOptions options = {};
};

std::vector<std::byte> serialize(const Image& image);
Result<Image> parse_image(std::span<const std::byte> bytes);

}  // namespace npuwhisper::emu
