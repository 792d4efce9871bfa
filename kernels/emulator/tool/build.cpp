// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/tool/build.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <set>

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

Result<std::vector<Image::Kernel>> compile_kernels(const BuildRequest& request,
                                                   const Design& design) {
  const auto wanted = linked_objects(design);
  for (const KernelSource& kernel : request.kernels) {
    if (std::none_of(wanted.begin(), wanted.end(),
                     [&](const std::string& name) { return is_named(name, kernel.name); })) {
      std::string names;
      for (const std::string& name : wanted) names += (names.empty() ? "" : ", ") + name;
      return fail(ErrorCode::InvalidArgument, "the design links no '" + kernel.name + "' but " +
                                                  (names.empty() ? "nothing" : names) +
                                                  "; NAME=FILE gives a file another name");
    }
  }
  std::vector<Image::Kernel> kernels;
  for (const std::string& name : wanted) {
    const auto kernel =
        std::find_if(request.kernels.begin(), request.kernels.end(),
                     [&](const KernelSource& given) { return is_named(name, given.name); });
    if (kernel == request.kernels.end()) {
      return fail(ErrorCode::NotFound, "the design links '" + name + "', which is not given");
    }
    auto object = compile_kernel(kernel->file, request.array->generation, request.options);
    if (!object) return fail(object.error());
    kernels.push_back({name, std::move(*object)});
  }
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

}  // namespace

Result<void> build(const BuildRequest& request) {
  std::ifstream file(request.design);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file) return fail(ErrorCode::NotFound, "cannot read " + request.design.string());
  const auto design = lower(text);
  if (!design) {
    return fail(design.error().code, request.design.string() + ": " + design.error().message);
  }
  if (design->array->name != request.array->name) {
    return fail(ErrorCode::InvalidArgument, request.design.string() + " is for " +
                                                std::string(design->array->name) + ", not for " +
                                                std::string(request.array->name));
  }
  auto kernels = compile_kernels(request, *design);
  if (!kernels) return fail(kernels.error());
  const auto image = serialize(
      {.array = std::string(request.array->name), .design = text, .kernels = std::move(*kernels)});
  int n_buffers = kMinBuffers;
  for (const RuntimeSequence& sequence : design->sequences) {
    n_buffers = std::max(n_buffers, sequence.n_arguments);
  }
  auto written = write_xclbin(
      request.output, {.image = image, .n_columns = design->n_columns, .n_buffers = n_buffers});
  if (!written) return written;
  for (const RuntimeSequence& sequence : design->sequences) {
    fs::path stem = request.output;
    stem.replace_extension();
    if (design->sequences.size() > 1) stem += "." + sequence.name;
    if (!write_stream(stem, sequence.instructions)) {
      return fail(ErrorCode::Unavailable, "cannot write " + stem.string() + ".insts.bin");
    }
  }
  return {};
}

}  // namespace npuwhisper::emu
