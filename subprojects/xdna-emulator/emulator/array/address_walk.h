// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "array/buffer_descriptor.h"

namespace npuwhisper::emu {

/// Walks through memory along a descriptor's dimensions, in the order in which the words cross the
/// stream. The walk includes padding (zeros or a pad value). The class holds only offsets: the
/// caller provides the memory. Dimension 0 is the innermost. A dimension with wrap 0 is the
/// outermost; the descriptor's length ends it.
class AddressWalk {
 public:
  AddressWalk() = default;
  explicit AddressWalk(const npu::BufferDescriptor& descriptor);

  std::size_t remaining() const { return remaining_; }
  /// Returns the distance in words from the walk's start to the end of the memory that the walk
  /// accesses.
  std::uint64_t extent() const { return extent_; }

  /// Fills `out` with the next words of the walk. `start` points to the memory at the walk's start.
  /// `out` must not be longer than remaining() words.
  void gather(const std::byte* start, std::uint32_t pad_value, std::span<std::uint32_t> out);
  /// Stores `words` at the next positions of the walk. Valid only for walks without padding.
  void scatter(std::byte* start, std::span<const std::uint32_t> words);

 private:
  struct Dim {
    std::uint64_t count = 1;   ///< Positions without padding.
    std::uint64_t step = 1;    ///< Distance between adjacent positions, in words.
    std::uint64_t before = 0;  ///< Leading padding, in positions of this dimension.
    std::uint64_t whole = 1;   ///< Positions including padding.
    std::uint64_t index = 0;   ///< Current position, in 0..whole.
  };
  /// Sets `words` to the current row's offset in words. Returns false if the row lies in padding.
  bool row_offset(std::uint64_t& words) const;
  void advance_row();
  template <typename Run>
  void walk(std::size_t n_words, Run run);

  std::array<Dim, 4> dims_{};
  int n_dims_ = 1;
  std::size_t remaining_ = 0;
  std::uint64_t extent_ = 0;
};

}  // namespace npuwhisper::emu
