// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/lower/sequence_dims.h"

#include <limits>

#include "emulator/lower/descriptor.h"

namespace npuwhisper::emu::lowering {
namespace {

constexpr std::uint64_t kMaxWords = std::numeric_limits<std::uint32_t>::max();

/// Returns whether sizes and strides, innermost first, walk memory without a gap. Ignores the last
/// dimension, which is the repeat.
bool is_contiguous(const std::vector<BlockDim>& dims) {
  return (dims[0].stride == 1 || dims[0].size == 1) &&
         (dims[1].size == 1 || dims[1].stride == dims[0].size) &&
         (dims[2].size == 1 || dims[2].stride == dims[0].size * dims[1].size);
}

}  // namespace

std::uint64_t set_sequence_dims(int line, const std::string& what, const npu::TileLimits& limits,
                                bool shim, const std::vector<BlockDim>& dims, int element_bytes,
                                npu::BufferDescriptor& descriptor) {
  const std::vector<BlockDim> lower(dims.begin(), dims.begin() + 3);
  const std::vector<WordDim> words = word_dims(lower, element_bytes, line, what, false);
  // Each wrap is below 2^32. The product of three wraps can overflow, so check the product of two
  // first.
  const std::uint64_t plane = words[0].wrap * words[1].wrap;
  if (plane > kMaxWords || plane * words[2].wrap > kMaxWords) {
    refuse(line, what + ": transfers more than " + std::to_string(kMaxWords) + " words");
  }
  const std::uint64_t length = plane * words[2].wrap;
  const bool linear = (shim && is_contiguous(dims)) ||
                      (dims[1].size == 1 && dims[2].size == 1 && dims[0].stride == 1);
  if (!linear) {
    const auto n_wraps = static_cast<std::size_t>(limits.n_dims - 1);
    for (std::size_t i = 0; i < 3; ++i) {
      if (i < 2 && words[i].wrap > static_cast<std::uint64_t>(limits.max_wrap)) {
        refuse(line, what + ": Size " + std::to_string(i) +
                         " exceeds the [0:" + std::to_string(limits.max_wrap) + "] range.");
      }
      if (dims[i].size > 1 && words[i].step > static_cast<std::uint64_t>(limits.max_step)) {
        refuse(line, what + ": Stride " + std::to_string(i) +
                         " exceeds the [1:" + std::to_string(limits.max_step) + "] range.");
      }
      descriptor.dims[i].wrap = i < n_wraps ? static_cast<std::uint32_t>(words[i].wrap) : 0;
      descriptor.dims[i].step = dims[i].size > 1 ? static_cast<std::uint32_t>(words[i].step) : 1;
    }
  }
  const BlockDim& repeat = dims[3];
  if (repeat.size < 1 || repeat.size > limits.max_iteration) {
    refuse(line,
           what + ": Size 3 exceeds the [1:" + std::to_string(limits.max_iteration) + "] range.");
  }
  if (repeat.stride < 0) {
    refuse(line, what + ": Stride 3 must be a non-negative integer.");
  }
  if (repeat.size > 1 && repeat.stride > 0) {
    const std::int64_t bytes = repeat.stride * element_bytes;
    if (bytes % 4 != 0) {
      refuse(line, what + ": Stride 3 is " + std::to_string(repeat.stride) + " elements * " +
                       std::to_string(element_bytes) + " bytes = " + std::to_string(bytes) +
                       " bytes, which is not divisible by 4.");
    }
    if (bytes / 4 > limits.max_step) {
      refuse(line,
             what + ": Stride 3 exceeds the [1:" + std::to_string(limits.max_step) + "] range.");
    }
    descriptor.iteration_wrap = static_cast<std::uint32_t>(repeat.size);
    descriptor.iteration_step = static_cast<std::uint32_t>(bytes / 4);
  }
  return length;
}

}  // namespace npuwhisper::emu::lowering
