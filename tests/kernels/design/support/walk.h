// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "array/buffer_descriptor.h"

namespace npuwhisper::npu {

/// Returns the words that one execution of a descriptor moves, in order, as word offsets from its
/// address. Iterates over the dimensions, innermost first, until the length is reached.
inline std::vector<std::uint64_t> walk(const BufferDescriptor& d, int execution = 0) {
  std::vector<std::uint64_t> words;
  const std::uint64_t start =
      static_cast<std::uint64_t>(execution) % d.iteration_wrap * d.iteration_step;
  std::uint32_t index[4] = {};
  while (words.size() < d.length) {
    std::uint64_t word = start;
    for (std::size_t i = 0; i < 4; ++i) word += std::uint64_t{index[i]} * d.dims[i].step;
    words.push_back(word);
    for (std::size_t i = 0; i < 4; ++i) {
      if (++index[i] != d.dims[i].wrap) break;  // A wrap of 0 is never reached.
      index[i] = 0;
    }
  }
  return words;
}

}  // namespace npuwhisper::npu
