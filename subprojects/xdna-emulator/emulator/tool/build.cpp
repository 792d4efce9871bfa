// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/tool/build.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>

#include "emulator/image.h"
#include "emulator/lower.h"
#include "emulator/npu.h"
#include "emulator/tool/stream_elf.h"
#include "emulator/tool/xclbin.h"

namespace npuwhisper::emu {
namespace {

namespace fs = std::filesystem;

/// Minimum number of buffer arguments of a kernel. Host programs set five buffers for every design.
constexpr int kMinBuffers = 5;

/// Returns the names of the objects that the cores link.
std::set<std::string> linked_objects(const Design& design) {
  std::set<std::string> names;
  for (const Core& core : design.cores) {
    names.insert(core.kernel_objects.begin(), core.kernel_objects.end());
  }
  return names;
}

/// Returns whether `link_with` is the name of object `name`, or a path to the object.
bool is_named(const std::string& link_with, const std::string& name) {
  return link_with == name || fs::path(link_with).filename() == name;
}

/// Prints a warning if the kernels' static data would not fit into the memory of the core's tile.
/// Such a design still runs, because the emulator keeps the data in the loaded shared object.
void warn_of_static_data(const Core& core, const Design& design,
                         const std::map<std::string, std::int64_t>& static_bytes) {
  std::int64_t data = 0;
  for (const std::string& object : core.kernel_objects) data += static_bytes.at(object);
  std::int64_t left = design.array->core.memory_bytes - std::int64_t{core.stack_bytes};
  for (const Buffer& buffer : design.buffers) {
    if (buffer.tile == core.tile) left -= buffer.bytes;
  }
  if (data <= left) return;
  std::cerr << "npuwhisper-emulate: warning: the kernels of the core of tile (" << core.tile.column
            << ", " << core.tile.row << ") have " << data
            << " bytes of static data, its memory has " << left
            << " left: for silicon this would not link\n";
}

Result<std::vector<Image::Kernel>> compile_kernels(const DesignSource& source, const Design& design,
                                                   const std::vector<std::string>& options) {
  const auto wanted = linked_objects(design);
  for (const KernelSource& kernel : source.kernels) {
    if (std::none_of(wanted.begin(), wanted.end(),
                     [&](const std::string& name) { return is_named(name, kernel.name); })) {
      std::string names;
      for (const std::string& name : wanted) names += (names.empty() ? "" : ", ") + name;
      return fail(ErrorCode::InvalidArgument, source.file.string() + " links no '" + kernel.name +
                                                  "'; it links " +
                                                  (names.empty() ? "nothing" : names) +
                                                  ". NAME=FILE gives a file another name");
    }
  }
  std::vector<Image::Kernel> kernels;
  std::map<std::string, std::int64_t> static_bytes;
  for (const std::string& name : wanted) {
    std::vector<fs::path> files;
    for (const KernelSource& given : source.kernels) {
      if (is_named(name, given.name)) files.push_back(given.file);
    }
    if (files.empty()) {
      return fail(ErrorCode::NotFound,
                  source.file.string() + " links '" + name + "', which is not given");
    }
    auto kernel = compile_kernel(files, design.array->generation, options);
    if (!kernel) return fail(kernel.error());
    static_bytes[name] = kernel->static_bytes;
    kernels.push_back({name, std::move(kernel->shared_object)});
  }
  for (const Core& core : design.cores) warn_of_static_data(core, design, static_bytes);
  return kernels;
}

bool write_stream(const fs::path& stem, const std::vector<std::uint32_t>& words) {
  std::ofstream binary(stem.string() + ".insts.bin", std::ios::binary);
  std::ofstream text(stem.string() + ".insts.txt");
  for (const std::uint32_t word : words) {
    for (int shift = 0; shift < 32; shift += 8) binary.put(static_cast<char>(word >> shift));
    char digits[16];
    std::snprintf(digits, sizeof digits, "%08X\n", word);
    text << digits;
  }
  return binary.flush().good() && text.flush().good();
}

Result<void> write_elf(const fs::path& stem, const std::vector<std::uint32_t>& words,
                       const npu::ArrayModel& array) {
  const auto elf = stream_elf(words, array);
  if (!elf) return fail(elf.error());
  const std::string path = stem.string() + ".insts.elf";
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(elf->data()), static_cast<std::streamsize>(elf->size()));
  if (!file.flush()) return fail(ErrorCode::Unavailable, "cannot write " + path);
  return {};
}

struct BuiltDesign {
  Design design;
  std::vector<std::byte> image;
};

Result<BuiltDesign> build_design(const DesignSource& source, const BuildRequest& request) {
  std::ifstream file(source.file);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file) return fail(ErrorCode::NotFound, "cannot read " + source.file.string());
  const LowerOptions options{.device = source.device,
                             .allocation_scheme = request.allocation_scheme};
  auto design = lower(text, options);
  if (!design) {
    return fail(design.error().code, source.file.string() + ": " + design.error().message);
  }
  if (design->array->name != request.array->name) {
    return fail(ErrorCode::InvalidArgument, source.file.string() + " is for " +
                                                std::string(design->array->name) + ", not for " +
                                                std::string(request.array->name));
  }
  auto kernels = compile_kernels(source, *design, request.options);
  if (!kernels) return fail(kernels.error());
  auto image = serialize({.array = std::string(request.array->name),
                          .design = text,
                          .kernels = std::move(*kernels),
                          .options = options});
  // Some errors (streams, kernels' symbols, code size) are found only when an array loads the
  // image. Load the image here to report these errors before a host program does.
  if (auto loaded = Npu::load(image); !loaded) {
    return fail(loaded.error().code, source.file.string() + ": " + loaded.error().message);
  }
  return BuiltDesign{std::move(*design), std::move(image)};
}

}  // namespace

std::optional<DesignSource> parse_design_source(const std::string& argument) {
  constexpr std::string_view kSuffix = ".mlir";
  const std::size_t at = argument.rfind(kSuffix);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t end = at + kSuffix.size();
  if (end != argument.size() && argument[end] != '@') return std::nullopt;
  DesignSource source;
  const std::size_t equals = argument.find('=');
  if (equals < at) source.name = argument.substr(0, equals);
  const std::size_t begin = equals < at ? equals + 1 : 0;
  source.file = argument.substr(begin, end - begin);
  if (end != argument.size()) source.device = argument.substr(end + 1);
  return source;
}

Result<void> build(const BuildRequest& request) {
  XclbinContents contents{.n_columns = 0, .kernels = {}};
  std::vector<BuiltDesign> built;
  for (const DesignSource& source : request.designs) {
    auto one = build_design(source, request);
    if (!one) return fail(one.error());
    built.push_back(std::move(*one));
  }
  for (std::size_t i = 0; i < built.size(); ++i) {
    int n_buffers = kMinBuffers;
    for (const RuntimeSequence& sequence : built[i].design.sequences) {
      n_buffers = std::max(n_buffers, sequence.n_arguments);
    }
    contents.n_columns = std::max(contents.n_columns, built[i].design.n_columns);
    contents.kernels.push_back({request.designs[i].name, built[i].image, n_buffers});
  }
  auto written = write_xclbin(request.output, contents);
  if (!written) return written;
  for (std::size_t i = 0; i < built.size(); ++i) {
    const auto& sequences = built[i].design.sequences;
    for (const RuntimeSequence& sequence : sequences) {
      fs::path stem = request.output;
      stem.replace_extension();
      if (built.size() > 1) stem += "." + request.designs[i].name;
      if (sequences.size() > 1) stem += "." + sequence.name;
      if (!write_stream(stem, sequence.instructions)) {
        return fail(ErrorCode::Unavailable, "cannot write " + stem.string() + ".insts.bin");
      }
      if (!request.elf) continue;
      auto elf = write_elf(stem, sequence.instructions, *request.array);
      if (!elf) return elf;
    }
  }
  return {};
}

}  // namespace npuwhisper::emu
