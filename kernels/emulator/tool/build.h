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

/// One kernel of the container, as host programs see it: an array configuration of its own.
struct DesignSource {
  std::string name = "MLIR_AIE";
  std::filesystem::path file;         ///< MLIR-AIE text
  std::string device;                 ///< The symbol of the aie.device; empty: the first.
  std::vector<KernelSource> kernels;  ///< What its cores link.
};

/// [NAME=]FILE.mlir[@DEVICE], without kernels; nothing, if it is not of this form.
std::optional<DesignSource> parse_design_source(const std::string& argument);

struct BuildRequest {
  std::filesystem::path output;  ///< OUT.xclbin
  const npu::ArrayModel* array = nullptr;
  std::vector<DesignSource> designs;
  std::vector<std::string> options;  ///< For the compiler.
  std::string allocation_scheme;     ///< As in LowerOptions.
  bool elf = false;  ///< Streams also as ELF files, OUT.insts.elf; see stream_elf.h.
};

/// What aiecc is for silicon: checks the designs, compiles what their cores link, packs both into a
/// container for XRT, and writes the instruction stream of each runtime sequence beside it:
/// OUT.insts.bin (little-endian words) and OUT.insts.txt (a word a line, hexadecimal). Where there
/// are several, the kernel's name (of several designs) and the sequence's (of several sequences)
/// come in between: OUT.KERNEL.SEQUENCE.insts.bin. Errors: those of lower(), NotFound (an object
/// that a design links), InvalidArgument (one that it does not, a design for another array),
/// Unavailable.
Result<void> build(const BuildRequest& request);

}  // namespace npuwhisper::emu
