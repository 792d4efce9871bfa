// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

#include "array/array_model.h"
#include "emulator/tool/kernel_compiler.h"

namespace npuwhisper::emu {

/// A design to build, with the code that its cores link. In the xclbin, each design is one kernel
/// with its own configuration of the array.
struct DesignSource {
  std::string name = "MLIR_AIE";
  std::filesystem::path file;         ///< File with the design's MLIR-AIE text.
  std::string device;                 ///< Symbol of the aie.device; empty for the first one.
  std::vector<KernelSource> kernels;  ///< Code that the design's cores link.
};

/// Parses [NAME=]FILE.mlir[@DEVICE]; the kernels stay empty. Returns nothing for any other form.
std::optional<DesignSource> parse_design_source(const std::string& argument);

struct BuildRequest {
  std::filesystem::path output;  ///< Path of the xclbin, for example OUT.xclbin.
  const npu::ArrayModel* array = nullptr;
  std::vector<DesignSource> designs;
  std::vector<std::string> options;  ///< Compiler options for all kernels.
  std::string allocation_scheme;     ///< Value of LowerOptions::allocation_scheme.
  /// Whether to write streams also as ELF files, OUT.insts.elf (see stream_elf.h).
  bool elf = false;
};

/// Builds an xclbin for the emulated NPU, as aiecc does for silicon. Checks the designs, compiles
/// the code that their cores link, and packs the designs and the code into the xclbin. Writes the
/// instruction stream of each runtime sequence next to the xclbin: OUT.insts.bin (little-endian
/// words) and OUT.insts.txt (one hexadecimal word per line). If there are several designs, the
/// files' names include the kernel's name. If a design has several sequences, the names include the
/// sequence's name. Example of both: OUT.KERNEL.SEQUENCE.insts.bin. Errors: those of lower(),
/// Npu::load(), compile_kernel() and write_xclbin(); NotFound (a design's file cannot be read, or
/// an object that a design links is not given); InvalidArgument (a given object that the design
/// does not link, or a design for another array); Unavailable (a stream cannot be written); with
/// `elf`, also those of stream_elf().
Result<void> build(const BuildRequest& request);

}  // namespace npuwhisper::emu
