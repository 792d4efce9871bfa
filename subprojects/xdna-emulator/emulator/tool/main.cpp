// SPDX-License-Identifier: LGPL-2.1-or-later
//
// npuwhisper-emulate runs programs on an emulated NPU, and builds images for it.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "common/trace_file.h"
#include "emulator/driver/fault_script.h"
#include "emulator/tool/build.h"
#include "emulator/tool/command_line.h"
#include "emulator/tool/emulate.h"
#include "emulator/tool/xclbin.h"

namespace {

using npuwhisper::emu::CommandLine;
using npuwhisper::emu::find_device;

int fail_with(const std::string& message) {
  std::cerr << "npuwhisper-emulate: " << message << '\n';
  return 2;
}

/// Returns the library to preload: the one in this program's build folder, unless a test names
/// another one in NPUWHISPER_EMULATOR_LIBRARY.
std::string preload_library() {
  if (const char* other = std::getenv("NPUWHISPER_EMULATOR_LIBRARY")) return other;
  const auto self = std::filesystem::read_symlink("/proc/self/exe");
  return (self.parent_path().parent_path() / "driver/libnpuwhisper-emulated-npu.so").string();
}

/// Returns the path of npuwhisper's own image, or "" if this program is not in npuwhisper's build
/// folder or the image was not built.
std::string own_image(const std::string& array) {
  std::filesystem::path folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  for (const char* name : {"tool", "emulator", "xdna-emulator", "subprojects"}) {
    if (folder.filename() != name) return {};
    folder = folder.parent_path();
  }
  const auto image = folder / "kernels/image" / (array + "-emulated.xclbin");
  return std::filesystem::exists(image) ? image.string() : std::string();
}

int run(const CommandLine& line) {
  const auto device = find_device(line.array);
  if (!device) return fail_with(device.error().message);
  if (!line.image.empty()) {
    setenv("NPUWHISPER_NPU_IMAGE", std::filesystem::absolute(line.image).c_str(), 1);
  }
  // The last argument of setenv() is 0, so a value that the user has set is kept.
  if (const std::string image = own_image(line.array); !image.empty()) {
    setenv("NPUWHISPER_NPU_IMAGE", image.c_str(), 0);
  }
  // The emulated array computes on the CPU, hundreds of times slower than an NPU, so its runs get a
  // longer timeout.
  setenv("NPUWHISPER_NPU_TIMEOUT_MS", "600000", 0);
  if (const char* script = std::getenv("NPUWHISPER_EMULATOR_FAULTS"); script && *script) {
    const auto faults = npuwhisper::emu::FaultScript::parse(script);
    if (!faults) return fail_with("NPUWHISPER_EMULATOR_FAULTS: " + faults.error().message);
  }
  if (const char* trace = std::getenv("NPUWHISPER_EMULATOR_TRACE"); trace && *trace) {
    // Creates an empty trace. Each process of COMMAND appends the traces of its hardware contexts
    // to this file.
    auto empty = npuwhisper::trace::TraceFile::create(trace);
    const npuwhisper::Result<void> made = empty ? empty->finish() : npuwhisper::fail(empty.error());
    if (!made) return fail_with("NPUWHISPER_EMULATOR_TRACE: " + made.error().message);
  }
  const std::string library = preload_library();
  if (!std::filesystem::exists(library)) return fail_with("there is no " + library);
  const auto status = npuwhisper::emu::run_emulated(**device, library, line.command);
  return status ? *status : fail_with(status.error().message);
}

int build(const CommandLine& line) {
  const auto array = npuwhisper::npu::find_array(line.array);
  if (!array) return fail_with(array.error().message);
  npuwhisper::emu::BuildRequest request{.output = line.output,
                                        .array = *array,
                                        .designs = {},
                                        .options = line.compiler_options,
                                        .allocation_scheme = line.allocation_scheme,
                                        .elf = line.elf};
  for (const std::string& input : line.inputs) {
    if (auto design = npuwhisper::emu::parse_design_source(input)) {
      request.designs.push_back(std::move(*design));
    } else if (request.designs.empty()) {
      return fail_with("before '" + input + "' there must be a design (.mlir)");
    } else {
      request.designs.back().kernels.push_back(npuwhisper::emu::parse_kernel_source(input));
    }
  }
  const auto built = npuwhisper::emu::build(request);
  return built ? 0 : fail_with(built.error().message);
}

int pack(const CommandLine& line) {
  const auto array = npuwhisper::npu::find_array(line.array);
  if (!array) return fail_with(array.error().message);
  const std::string& input = line.inputs.front();
  std::ifstream file(input, std::ios::binary);
  const std::string image(std::istreambuf_iterator<char>(file), {});
  if (!file || image.empty()) return fail_with("cannot read " + input);
  const auto written = npuwhisper::emu::write_xclbin(
      line.output, {.n_columns = (*array)->n_columns,
                    .kernels = {{.name = "MLIR_AIE", .image = std::as_bytes(std::span(image))}}});
  return written ? 0 : fail_with(written.error().message);
}

}  // namespace

int main(int argc, char** argv) {
  const auto line = npuwhisper::emu::parse_command_line(argc, argv);
  if (!line) return fail_with(line.error().message);
  switch (line->action) {
    case CommandLine::Action::Run:
      return run(*line);
    case CommandLine::Action::Build:
      return build(*line);
    case CommandLine::Action::Pack:
      return pack(*line);
    case CommandLine::Action::ShowHelp:
      break;
  }
  std::cout << line->help;
  return 0;
}
