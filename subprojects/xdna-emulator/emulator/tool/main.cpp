// SPDX-License-Identifier: LGPL-2.1-or-later
//
// npuwhisper-emulate: runs programs on an emulated NPU, and builds images for it.
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
#include "emulator/tool/emulate.h"
#include "emulator/tool/xclbin.h"

namespace {

using npuwhisper::emu::find_device;

constexpr char kUsage[] =
    R"(usage: npuwhisper-emulate npu1|npu2 [--image FILE] -- COMMAND [ARGUMENT...]
       npuwhisper-emulate --build OUT.xclbin npu1|npu2 DESIGN [[NAME=]KERNEL...]...
       npuwhisper-emulate --pack OUT.xclbin npu1|npu2 IMAGE

Runs COMMAND with an emulated NPU (npu1: Phoenix; npu2: Strix), which COMMAND sees through XRT and
AMD's driver. The exit status is that of COMMAND.

  --image FILE  The array configuration for npuwhisper (default: $NPUWHISPER_NPU_IMAGE, else the
                project's own, if it was built)
  --build       Builds an image for the emulated NPU from designs in MLIR-AIE text and their
                kernels. Also writes the runtime sequence to OUT.insts.bin and OUT.insts.txt.
                DESIGN is [NAME=]FILE.mlir[@DEVICE]. Host programs know the design by NAME (default:
                MLIR_AIE). DEVICE selects an aie.device of the text (default: the first).
                KERNEL is a C++ or C source that uses aie_api, an object, an archive or a shared
                object. Sources are compiled with the options that are given (-D, -I). The design
                links the kernel by its NAME (default: the file's name with .o). Several files with
                the same NAME become one.
                --alloc-scheme=basic-sequential or bank-aware selects the placement of buffers.
                --elf also writes OUT.insts.elf, for host programs that use xrt::elf.
  --pack        Puts an image of the emulated array into a container for XRT

Environment variables of the emulated device:
  NPUWHISPER_EMULATOR_FAULTS       Faults to inject: KIND@N[-M], separated by commas. KIND is error,
                                   abort, timeout, hang or lost, at the N-th run, or load, at the
                                   N-th load of an image
  NPUWHISPER_EMULATOR_WATCHDOG_MS  Time after which a stuck run ends, in milliseconds (default:
                                   2000; 0: never)
  NPUWHISPER_EMULATOR_TIMELINES    1: commands are waited for as with the kernel's own driver. XRT
                                   2.25 then throws an exception if a wait times out
  NPUWHISPER_EMULATOR_STATS        File for the counters, as JSON; %p stands for the process id
  NPUWHISPER_EMULATOR_TRACE        File for a Chrome trace of the array: cores, DMA and stalls of
                                   each tile
  NPUWHISPER_EMULATOR_OCCUPANCY    File for a picture (SVG) of the same activity
)";

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

int run(const std::string& array, const std::vector<std::string>& arguments) {
  const auto device = find_device(array);
  if (!device) return fail_with(device.error().message);
  // The last argument of setenv() is 0, so a value that the user has set is kept.
  if (const std::string image = own_image(array); !image.empty()) {
    setenv("NPUWHISPER_NPU_IMAGE", image.c_str(), 0);
  }
  // The emulated array computes on the CPU, hundreds of times slower than an NPU, so its runs get a
  // longer timeout.
  setenv("NPUWHISPER_NPU_TIMEOUT_MS", "600000", 0);
  auto argument = arguments.begin();
  for (; argument != arguments.end() && *argument != "--"; ++argument) {
    if (*argument != "--image" || argument + 1 == arguments.end()) {
      return fail_with("unknown argument '" + *argument + "'\n\n" + kUsage);
    }
    ++argument;
    setenv("NPUWHISPER_NPU_IMAGE", std::filesystem::absolute(*argument).c_str(), 1);
  }
  if (argument == arguments.end() || argument + 1 == arguments.end()) {
    return fail_with(std::string("no command after --\n\n") + kUsage);
  }
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
  const auto status =
      npuwhisper::emu::run_emulated(**device, library, {argument + 1, arguments.end()});
  return status ? *status : fail_with(status.error().message);
}

int build(const std::vector<std::string>& arguments) {
  if (arguments.size() < 3) {
    return fail_with(std::string("--build takes 3 arguments or more\n\n") + kUsage);
  }
  const auto array = npuwhisper::npu::find_array(arguments[1]);
  if (!array) return fail_with(array.error().message);
  npuwhisper::emu::BuildRequest request{.output = arguments[0],
                                        .array = *array,
                                        .designs = {},
                                        .options = {},
                                        .allocation_scheme = {},
                                        .elf = false};
  constexpr std::string_view kScheme = "--alloc-scheme=";
  for (auto argument = arguments.begin() + 2; argument != arguments.end(); ++argument) {
    if (argument->starts_with(kScheme)) {
      request.allocation_scheme = argument->substr(kScheme.size());
    } else if (*argument == "--elf") {
      request.elf = true;
    } else if (argument->starts_with('-')) {
      request.options.push_back(*argument);
    } else if (auto design = npuwhisper::emu::parse_design_source(*argument)) {
      request.designs.push_back(std::move(*design));
    } else if (request.designs.empty()) {
      return fail_with("before '" + *argument + "' there must be a design (.mlir)");
    } else {
      request.designs.back().kernels.push_back(npuwhisper::emu::parse_kernel_source(*argument));
    }
  }
  const auto built = npuwhisper::emu::build(request);
  return built ? 0 : fail_with(built.error().message);
}

int pack(const std::vector<std::string>& arguments) {
  if (arguments.size() != 3) return fail_with(std::string("--pack takes 3 arguments\n\n") + kUsage);
  const auto array = npuwhisper::npu::find_array(arguments[1]);
  if (!array) return fail_with(array.error().message);
  std::ifstream file(arguments[2], std::ios::binary);
  const std::string image(std::istreambuf_iterator<char>(file), {});
  if (!file || image.empty()) return fail_with("cannot read " + arguments[2]);
  const auto written = npuwhisper::emu::write_xclbin(
      arguments[0], {.n_columns = (*array)->n_columns,
                     .kernels = {{.name = "MLIR_AIE", .image = std::as_bytes(std::span(image))}}});
  return written ? 0 : fail_with(written.error().message);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.empty()) return fail_with(std::string("no arguments\n\n") + kUsage);
  if (arguments[0] == "--help" || arguments[0] == "-h") {
    std::cout << kUsage;
    return 0;
  }
  if (arguments[0] == "--build") return build({arguments.begin() + 1, arguments.end()});
  if (arguments[0] == "--pack") return pack({arguments.begin() + 1, arguments.end()});
  return run(arguments[0], {arguments.begin() + 1, arguments.end()});
}
