// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
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

/// Makes of it the shared object that the emulated array loads: compiles C++ (.cc, .cpp, .cxx) and
/// C (.c) for this machine, against the emulation of aie_api and with `options` (-D, -I) besides
/// the flags of kernels/aie_api/kernel_flags.txt; links objects and archives (.o, .a); takes a
/// shared object (.so) as it is. Errors: NotFound, InvalidArgument (a suffix), Unavailable (what
/// the compiler said).
Result<std::vector<std::byte>> compile_kernel(const std::filesystem::path& file,
                                              npu::Generation generation,
                                              const std::vector<std::string>& options);

}  // namespace npuwhisper::emu
