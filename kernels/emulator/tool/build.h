// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

#include "array/array_model.h"
#include "emulator/tool/kernel_compiler.h"

namespace npuwhisper::emu {

struct BuildRequest {
  std::filesystem::path output;  ///< OUT.xclbin
  const npu::ArrayModel* array = nullptr;
  std::filesystem::path design;  ///< MLIR-AIE text
  std::vector<KernelSource> kernels;
  std::vector<std::string> options;  ///< For the compiler.
};

/// What aiecc is for silicon: checks the design, compiles its kernels, packs both into a container
/// for XRT, and writes the instruction stream of each of its runtime sequences beside it:
/// OUT.insts.bin (little-endian words) and OUT.insts.txt (a word a line, hexadecimal), or, where
/// there are several sequences, OUT.NAME.insts.bin and .txt. Errors: those of lower(), NotFound (a
/// kernel that the design links), InvalidArgument (a kernel that it does not, a design for another
/// array), Unavailable.
Result<void> build(const BuildRequest& request);

}  // namespace npuwhisper::emu
