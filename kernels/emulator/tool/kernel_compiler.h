// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

#include "array/array_model.h"

namespace npuwhisper::emu {

/// A core's code as it is given to npuwhisper-emulate --build: NAME=FILE, or FILE, whose name is
/// then its own with the suffix .o, as in a design's link_with.
struct KernelSource {
  std::string name;
  std::filesystem::path file;
};
KernelSource parse_kernel_source(const std::string& argument);

/// What a core links, for this machine.
struct CompiledKernel {
  std::vector<std::byte> shared_object;
  /// What its variables and constants take of a core's memory; 0 for a shared object, whose
  /// emulation of aie_api has some too.
  std::int64_t static_bytes = 0;
};

/// Makes of the files that one name stands for the shared object that the emulated array loads:
/// compiles C++ (.cc, .cpp, .cxx) and C (.c) for this machine, against the emulation of aie_api and
/// with `options` (-D, -I) besides the flags of kernels/aie_api/kernel_flags.txt; links all of it
/// with objects and archives (.o, .a). A shared object (.so) stands alone and is taken as it is.
/// A .c file that is no C is compiled as C++, as clang++ does whatever the suffix, and said so on
/// stderr. Errors: NotFound, InvalidArgument (a suffix), Unavailable (what the compiler said).
Result<CompiledKernel> compile_kernel(const std::vector<std::filesystem::path>& files,
                                      npu::Generation generation,
                                      const std::vector<std::string>& options);

}  // namespace npuwhisper::emu
