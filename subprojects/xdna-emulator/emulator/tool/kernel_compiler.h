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

/// A core's code as given to npuwhisper-emulate --build: NAME=FILE, or FILE. Without NAME, the name
/// is the file's name with the suffix .o, as in a design's link_with.
struct KernelSource {
  std::string name;
  std::filesystem::path file;
};
KernelSource parse_kernel_source(const std::string& argument);

/// Code that a core links, compiled for this machine.
struct CompiledKernel {
  std::vector<std::byte> shared_object;
  /// Bytes that the code's variables and constants take in a core's memory. 0 if the kernel was
  /// given as a shared object, because such a file also contains the variables of the emulation of
  /// aie_api.
  std::int64_t static_bytes = 0;
};

/// Builds one shared object from all files of one name. The emulated array loads the shared object.
/// Compiles C++ (.cc, .cpp, .cxx) and C (.c) for this machine, against the emulation of aie_api.
/// Uses `options` (-D, -I) in addition to the flags of aie_api/kernel_flags.txt. Links the result
/// with objects and archives (.o, .a). A shared object (.so) must be the only file and is used
/// without changes. A .c file that does not compile as C is compiled as C++, with a note on stderr,
/// because clang++ compiles .c files as C++ too. Errors: NotFound, InvalidArgument (an unknown
/// suffix, or a shared object with other files), Unavailable (with the compiler's output).
Result<CompiledKernel> compile_kernel(const std::vector<std::filesystem::path>& files,
                                      npu::Generation generation,
                                      const std::vector<std::string>& options);

}  // namespace npuwhisper::emu
