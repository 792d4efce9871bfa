// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/tool/kernel_compiler.h"

#include <fstream>
#include <iterator>
#include <span>

#include "emulator/tool/build_paths.h"
#include "emulator/tool/program.h"
#include "emulator/tool/temporary_folder.h"

namespace npuwhisper::emu {
namespace {

namespace fs = std::filesystem;

enum class Kind { Cpp, C, Object, SharedObject, Unknown };

Kind kind_of(const fs::path& file) {
  const std::string suffix = file.extension().string();
  if (suffix == ".cc" || suffix == ".cpp" || suffix == ".cxx") return Kind::Cpp;
  if (suffix == ".c") return Kind::C;
  if (suffix == ".o" || suffix == ".a") return Kind::Object;
  if (suffix == ".so") return Kind::SharedObject;
  return Kind::Unknown;
}

Result<std::vector<std::byte>> read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(stream), {});
  if (!stream) return fail(ErrorCode::NotFound, "cannot read " + file.string());
  const auto view = std::as_bytes(std::span(bytes));
  return std::vector(view.begin(), view.end());
}

Result<std::vector<std::string>> kernel_flags() {
  const fs::path path = fs::path(kAieApiFolder) / "kernel_flags.txt";
  std::ifstream file(path);
  std::vector<std::string> flags;
  for (std::string line; std::getline(file, line);) flags.push_back(line);
  if (flags.empty()) return fail(ErrorCode::NotFound, "cannot read " + path.string());
  return flags;
}

Result<void> compile(const fs::path& source, const fs::path& object, Kind kind,
                     npu::Generation generation, const std::vector<std::string>& options) {
  const auto flags = kernel_flags();
  if (!flags) return fail(flags.error());
  std::vector<std::string> command = {kind == Kind::C ? "cc" : "c++",
                                      kind == Kind::C ? "-std=gnu11" : "-std=gnu++20", "-fPIC"};
  command.insert(command.end(), flags->begin(), flags->end());
  command.push_back(generation == npu::Generation::Aie2 ? "-D__AIE_ARCH__=20"
                                                        : "-D__AIE_ARCH__=21");
  command.insert(command.end(), options.begin(), options.end());
  command.insert(command.end(), {std::string("-I") + kAieApiFolder + "/include",
                                 std::string("-I") + kKernelsFolder, "-c", source.string(), "-o",
                                 object.string()});
  return run_program(command, fs::current_path().string());
}

}  // namespace

KernelSource parse_kernel_source(const std::string& argument) {
  const std::size_t equals = argument.find('=');
  if (equals != std::string::npos) {
    return {argument.substr(0, equals), argument.substr(equals + 1)};
  }
  return {fs::path(argument).stem().string() + ".o", argument};
}

Result<std::vector<std::byte>> compile_kernel(const fs::path& file, npu::Generation generation,
                                              const std::vector<std::string>& options) {
  const Kind kind = kind_of(file);
  if (kind == Kind::Unknown) {
    return fail(ErrorCode::InvalidArgument,
                file.string() + ": a kernel is .cc, .cpp, .cxx, .c, .o, .a or .so");
  }
  if (!fs::exists(file)) return fail(ErrorCode::NotFound, "there is no " + file.string());
  if (kind == Kind::SharedObject) return read(file);
  const auto folder = TemporaryFolder::create();
  if (!folder) return fail(folder.error());
  fs::path object = fs::absolute(file);
  if (kind != Kind::Object) {
    object = folder->path() / "kernel.o";
    if (auto done = compile(fs::absolute(file), object, kind, generation, options); !done) {
      return fail(done.error());
    }
  }
  const fs::path library = folder->path() / "kernel.so";
  // All of it: functions of an archive are found by their names only when the core calls them.
  auto linked =
      run_program({"c++", "-shared", "-Wl,-z,defs", "-Wl,--whole-archive", object.string(),
                   kEmulationLibrary, "-Wl,--no-whole-archive", "-o", library.string()},
                  folder->path().string());
  if (!linked) return fail(linked.error());
  return read(library);
}

}  // namespace npuwhisper::emu
