// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/tool/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <utility>

#include "array/array_model.h"

namespace npuwhisper::emu {
namespace {

// The lines of the help text have at most 100 columns.
constexpr char kUsage[] =
    R"(Usage: npuwhisper-emulate ARRAY [--image FILE] -- COMMAND [ARGUMENT...]
       npuwhisper-emulate --build OUT.xclbin ARRAY [OPTION...] DESIGN [KERNEL...] ...
       npuwhisper-emulate --pack OUT.xclbin ARRAY IMAGE

The first form runs COMMAND and ends with its exit status. COMMAND sees an emulated NPU through XRT
and AMD's driver.
)";

constexpr char kArray[] = "npu1 (Phoenix, Hawk Point) or npu2 (Strix, Krackan)";
constexpr char kFiles[] = "DESIGN, KERNEL: see below; IMAGE: an image of the emulated array";
constexpr char kImage[] =
    R"(array configuration (xclbin) for npuwhisper (default: the
variable NPUWHISPER_NPU_IMAGE, or else this build's image))";
constexpr char kBuild[] =
    R"(build a container for XRT from designs and kernels, and
write the instruction stream of each runtime sequence to
OUT.insts.bin and OUT.insts.txt)";
constexpr char kScheme[] =
    R"(how to place buffers without an address: basic-sequential or
bank-aware, as in aiecc)";
constexpr char kElf[] = "also write OUT.insts.elf, for host programs that use xrt::elf";
constexpr char kPack[] = "put an image of the emulated array into a container for XRT";

constexpr char kFooter[] =
    R"(Arguments of --build:
  DESIGN   [NAME=]FILE.mlir[@DEVICE], a design in MLIR-AIE text. NAME is the kernel's name for host
           programs (default: MLIR_AIE). DEVICE is the symbol of an aie.device in the text (default:
           the first).
  KERNEL   [NAME=]FILE, code that the design before it links: C++ (.cc, .cpp, .cxx) on aie_api, C
           (.c), an object, an archive, or a shared object. NAME is the object's name in the design
           (default: FILE's name with the ending .o). Files with the same NAME are linked together.

Environment variables of the emulated NPU:
  NPUWHISPER_EMULATOR_FAULTS       faults to simulate: KIND@N or KIND@N-M, separated by commas; KIND
                                   is error, abort, timeout, hang, lost, nothing, task, sync, stale,
                                   short or stack for the N-th to M-th run, or load or dirty for the
                                   N-th to M-th load of an image (see docs/emulator.md)
  NPUWHISPER_EMULATOR_CLOCK        basis of the predicted times: open-kernels (the default; kernels
                                   that others built with open compilers and measured) or
                                   best-published (the best published rates of designs)
  NPUWHISPER_EMULATOR_WATCHDOG_MS  time after which the driver ends a run that is stuck, in
                                   milliseconds (default: 2000; 0: never)
  NPUWHISPER_EMULATOR_TIMELINES    1: programs wait for runs as with the kernel's own driver; XRT
                                   2.25 then throws an exception if a wait exceeds its timeout
  NPUWHISPER_EMULATOR_STATS        file for the counters, as JSON; %p stands for the process ID
  NPUWHISPER_EMULATOR_TRACE        file for a Chrome trace of each tile's core, DMA and stalls
  NPUWHISPER_EMULATOR_OCCUPANCY    file for a picture (SVG) of the array's activity

Environment variables of npuwhisper that the first form sets if they are not set:
  NPUWHISPER_NPU_IMAGE             see --image
  NPUWHISPER_NPU_TIMEOUT_MS        timeout of a run, in milliseconds: 600000, because the emulated
                                   NPU is hundreds of times slower than an NPU
)";

class Help : public CLI::Formatter {
 public:
  Help() { column_width(30); }
  std::string make_usage(const CLI::App*, std::string) const override { return kUsage; }
  std::string make_footer(const CLI::App*) const override { return kFooter; }
  /// Returns the value's placeholder. Omits the rules that CLI11 adds ("Needs: --build").
  std::string make_option_opts(const CLI::Option* option) const override {
    return option->get_type_name().empty() ? "" : " " + option->get_type_name();
  }
};

Result<CommandLine> invalid(const std::string& message) {
  return fail(ErrorCode::InvalidArgument, message + "; --help describes the command line");
}

/// Returns how many arguments were found, for a message: "none" or "2 ('a', 'b')".
std::string found(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return "none";
  std::string list;
  for (const std::string& argument : arguments) {
    list += (list.empty() ? "'" : ", '") + argument + "'";
  }
  return std::to_string(arguments.size()) + " (" + list + ")";
}

/// Checks the numbers of arguments before and after "--", which depend on the action.
Result<CommandLine> checked(CommandLine line) {
  using Action = CommandLine::Action;
  if (line.action == Action::Run) {
    if (!line.inputs.empty()) {
      return invalid("arguments between " + line.array + " and --: found " + found(line.inputs) +
                     ", wanted none");
    }
    if (line.command.empty()) return invalid("arguments after --: found none, wanted a command");
    return line;
  }
  const std::string option = line.action == Action::Build ? "--build" : "--pack";
  if (!line.command.empty()) {
    return invalid(option + ", arguments after --: found " + found(line.command) + ", wanted none");
  }
  if (line.action == Action::Build && line.inputs.empty()) {
    return invalid("--build: found no design, wanted at least one (FILE.mlir)");
  }
  if (line.action == Action::Pack && line.inputs.size() != 1) {
    return invalid("--pack, images: found " + found(line.inputs) + ", wanted one");
  }
  return line;
}

}  // namespace

Result<CommandLine> parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  std::vector<std::string> macros, folders;
  std::string built, packed;

  CLI::App app;
  app.formatter(std::make_shared<Help>());
  app.set_help_flag("-h,--help", "show this text");
  app.add_option("ARRAY", line.array, kArray)
      ->type_name("")
      ->required()
      ->check([](const std::string& name) {
        const auto array = npu::find_array(name);
        return array ? std::string() : array.error().message;
      });
  app.add_option("FILE", line.inputs, kFiles)->type_name("");
  const auto add = [&app](const char* group, const char* name, auto& value, const char* shape,
                          const char* help) {
    return app.add_option(name, value, help)
        ->type_name(shape)
        ->group(group)
        ->allow_extra_args(false);
  };
  constexpr char kOfRun[] = "To run a command", kOfBuild[] = "To build a container",
                 kOfPack[] = "To pack an image";
  auto* const image = add(kOfRun, "--image", line.image, "FILE", kImage);
  auto* const build = add(kOfBuild, "--build", built, "OUT.xclbin", kBuild);
  for (CLI::Option* option :
       {add(kOfBuild, "-D", macros, "NAME[=VALUE]", "macro for all kernels"),
        add(kOfBuild, "-I", folders, "FOLDER", "include folder for all kernels"),
        add(kOfBuild, "--alloc-scheme", line.allocation_scheme, "SCHEME", kScheme),
        app.add_flag("--elf", line.elf, kElf)->group(kOfBuild)}) {
    option->needs(build);
  }
  auto* const pack = add(kOfPack, "--pack", packed, "OUT.xclbin", kPack);
  build->excludes(image);
  pack->excludes(image)->excludes(build);

  // The command after "--" has options of its own, so CLI11 gets only the arguments before "--".
  const char* const* const end = argv + argc;
  const char* const* const dashes = std::find(argv + 1, end, std::string_view("--"));
  if (dashes != end) line.command.assign(dashes + 1, end);
  try {
    app.parse(static_cast<int>(dashes - argv), argv);
  } catch (const CLI::CallForHelp&) {
    line.action = CommandLine::Action::ShowHelp;
    line.help = app.help();
    return line;
  } catch (const CLI::ParseError& error) {
    return invalid(error.what());
  }
  for (const std::string& macro : macros) line.compiler_options.push_back("-D" + macro);
  for (const std::string& folder : folders) line.compiler_options.push_back("-I" + folder);
  if (build->count() > 0) {
    line.action = CommandLine::Action::Build;
    line.output = built;
  } else if (pack->count() > 0) {
    line.action = CommandLine::Action::Pack;
    line.output = packed;
  }
  return checked(std::move(line));
}

}  // namespace npuwhisper::emu
