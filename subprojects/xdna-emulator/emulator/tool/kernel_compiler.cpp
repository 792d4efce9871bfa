// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/tool/kernel_compiler.h"

#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <span>
#include <string_view>

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
  const fs::path path = fs::path(kSource) / "aie_api/kernel_flags.txt";
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
  command.insert(
      command.end(),
      {std::string("-I") + kSource + "/aie_api/include", std::string("-I") + kSource, "-c", "-x",
       kind == Kind::C ? "c" : "c++", source.string(), "-o", object.string()});
  return run_program(command, fs::current_path().string());
}

/// Compiles a .c file as C, and as C++ if that fails. C++ in .c files is common, because clang++
/// ignores the suffix.
Result<void> compile_c(const fs::path& source, const fs::path& object, npu::Generation generation,
                       const std::vector<std::string>& options) {
  auto as_c = compile(source, object, Kind::C, generation, options);
  if (as_c || !compile(source, object, Kind::Cpp, generation, options)) return as_c;
  std::cerr << "npuwhisper-emulate: " << source.string() << " is no C; compiled as C++\n";
  return {};
}

Result<fs::path> object_of(const fs::path& file, const fs::path& object, npu::Generation generation,
                           const std::vector<std::string>& options) {
  const Kind kind = kind_of(file);
  if (kind == Kind::Object) return fs::absolute(file);
  auto done = kind == Kind::C ? compile_c(fs::absolute(file), object, generation, options)
                              : compile(fs::absolute(file), object, kind, generation, options);
  if (!done) return fail(done.error());
  return object;
}

template <typename T>
T part_of(std::span<const std::byte> bytes, std::uint64_t at) {
  T part{};
  if (at <= bytes.size() && bytes.size() - at >= sizeof part) {
    std::memcpy(&part, bytes.data() + at, sizeof part);
  }
  return part;
}

/// Returns the size in bytes of the variables and constants in a relocatable object of this
/// machine's compiler. Excludes the unwinding tables (.eh_frame), which only this machine needs.
std::int64_t static_bytes(std::span<const std::byte> bytes) {
  const auto header = part_of<ElfW(Ehdr)>(bytes, 0);
  const auto section_at = [&](std::uint64_t i) {
    return part_of<ElfW(Shdr)>(bytes, header.e_shoff + i * sizeof(ElfW(Shdr)));
  };
  constexpr std::string_view kUnwinding = ".eh_frame";
  const std::uint64_t names = section_at(header.e_shstrndx).sh_offset;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::int64_t total = 0;
  for (std::uint64_t i = 0; i < header.e_shnum; ++i) {
    const auto section = section_at(i);
    const bool is_data = section.sh_type == SHT_PROGBITS || section.sh_type == SHT_NOBITS;
    const std::uint64_t name = std::min<std::uint64_t>(names + section.sh_name, text.size());
    if (is_data && (section.sh_flags & SHF_ALLOC) && !(section.sh_flags & SHF_EXECINSTR) &&
        !text.substr(name).starts_with(kUnwinding)) {
      total += static_cast<std::int64_t>(section.sh_size);
    }
  }
  return total;
}

}  // namespace

KernelSource parse_kernel_source(const std::string& argument) {
  const std::size_t equals = argument.find('=');
  if (equals != std::string::npos) {
    return {argument.substr(0, equals), argument.substr(equals + 1)};
  }
  return {fs::path(argument).stem().string() + ".o", argument};
}

Result<CompiledKernel> compile_kernel(const std::vector<fs::path>& files,
                                      npu::Generation generation,
                                      const std::vector<std::string>& options) {
  for (const fs::path& file : files) {
    const Kind kind = kind_of(file);
    if (kind == Kind::Unknown) {
      return fail(ErrorCode::InvalidArgument,
                  file.string() + ": a kernel is .cc, .cpp, .cxx, .c, .o, .a or .so");
    }
    if (!fs::exists(file)) return fail(ErrorCode::NotFound, "there is no " + file.string());
    if (kind == Kind::SharedObject && files.size() > 1) {
      return fail(ErrorCode::InvalidArgument,
                  file.string() + ": a shared object must be the only file");
    }
  }
  CompiledKernel kernel;
  if (kind_of(files.front()) == Kind::SharedObject) {
    auto bytes = read(files.front());
    if (!bytes) return fail(bytes.error());
    kernel.shared_object = std::move(*bytes);
    return kernel;
  }
  const auto folder = TemporaryFolder::create();
  if (!folder) return fail(folder.error());
  const fs::path object = folder->path() / "kernel.o";
  // Links whole archives. The linker sees no references to their functions, because the emulated
  // core looks up functions by name.
  std::vector<std::string> join = {"c++", "-r", "-nostdlib", "-Wl,--whole-archive"};
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto one =
        object_of(files[i], folder->path() / (std::to_string(i) + ".o"), generation, options);
    if (!one) return fail(one.error());
    join.push_back(one->string());
  }
  join.insert(join.end(), {"-o", object.string()});
  const std::string where = folder->path().string();
  if (auto joined = run_program(join, where); !joined) return fail(joined.error());
  const auto joined_bytes = read(object);
  if (!joined_bytes) return fail(joined_bytes.error());
  kernel.static_bytes = static_bytes(*joined_bytes);

  const fs::path library = folder->path() / "kernel.so";
  auto linked =
      run_program({"c++", "-shared", "-Wl,-z,defs", object.string(), "-Wl,--whole-archive",
                   kEmulationLibrary, "-Wl,--no-whole-archive", "-o", library.string()},
                  where);
  if (!linked) return fail(linked.error());
  auto bytes = read(library);
  if (!bytes) return fail(bytes.error());
  kernel.shared_object = std::move(*bytes);
  return kernel;
}

}  // namespace npuwhisper::emu
