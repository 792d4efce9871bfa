// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/tool/build.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <set>

#include "emulator/array/program_size.h"
#include "emulator/image.h"
#include "emulator/lower.h"
#include "emulator/tool/xclbin.h"

namespace npuwhisper::emu {
namespace {

namespace fs = std::filesystem;

/// Of the kernel, whatever the design: host programs set this many.
constexpr int kMinBuffers = 5;

/// What the cores link, as they call it.
std::set<std::string> linked_objects(const Design& design) {
  std::set<std::string> names;
  for (const Core& core : design.cores) {
    names.insert(core.kernel_objects.begin(), core.kernel_objects.end());
  }
  return names;
}

/// A design may say where an object lies; it is known by its name.
bool is_named(const std::string& link_with, const std::string& name) {
  return link_with == name || fs::path(link_with).filename() == name;
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
                                                  "' but " + (names.empty() ? "nothing" : names) +
                                                  "; NAME=FILE gives a file another name");
    }
  }
  std::vector<Image::Kernel> kernels;
  for (const std::string& name : wanted) {
    const auto kernel =
        std::find_if(source.kernels.begin(), source.kernels.end(),
                     [&](const KernelSource& given) { return is_named(name, given.name); });
    if (kernel == source.kernels.end()) {
      return fail(ErrorCode::NotFound,
                  source.file.string() + " links '" + name + "', which is not given");
    }
    auto object = compile_kernel(kernel->file, design.array->generation, options);
    if (!object) return fail(object.error());
    kernels.push_back({name, std::move(*object)});
  }
  return kernels;
}

/// An image that no array would load is no use.
Result<void> check_program_sizes(const Design& design, const std::vector<Image::Kernel>& kernels) {
  for (const Core& core : design.cores) {
    std::size_t host_bytes = 0;
    for (const std::string& name : core.kernel_objects) {
      const auto kernel = std::find_if(kernels.begin(), kernels.end(),
                                       [&](const Image::Kernel& k) { return k.name == name; });
      if (kernel != kernels.end()) host_bytes += host_code_bytes(kernel->shared_object);
    }
    if (auto fits = check_program_size(core, host_bytes, *design.array); !fits) return fits;
  }
  return {};
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

struct BuiltDesign {
  Design design;
  std::vector<std::byte> image;
};

Result<BuiltDesign> build_design(const DesignSource& source, const BuildRequest& request) {
  std::ifstream file(source.file);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file) return fail(ErrorCode::NotFound, "cannot read " + source.file.string());
  auto design = lower(text);
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
  if (auto fits = check_program_sizes(*design, *kernels); !fits) {
    return fail(fits.error().code, source.file.string() + ": " + fits.error().message);
  }
  auto image = serialize(
      {.array = std::string(request.array->name), .design = text, .kernels = std::move(*kernels)});
  return BuiltDesign{std::move(*design), std::move(image)};
}

}  // namespace

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
    }
  }
  return {};
}

}  // namespace npuwhisper::emu
