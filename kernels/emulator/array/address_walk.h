// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "array/buffer_descriptor.h"

namespace npuwhisper::emu {

/// The words of a descriptor's transfer in the order in which they cross the stream: the walk
/// through memory that its dimensions describe, with zeros (or a pad value) where it pads. Knows
/// offsets only; the caller brings the memory. Dimension 0 is the innermost; the first dimension
/// without a wrap is ended by the length.
class AddressWalk {
 public:
  AddressWalk() = default;
  explicit AddressWalk(const npu::BufferDescriptor& descriptor);

  std::size_t remaining() const { return remaining_; }
  /// Words from the walk's start to the end of what it touches.
  std::uint64_t extent() const { return extent_; }

  /// The next words, from the memory that begins at the walk's start. `out` no longer than
  /// remaining().
  void gather(const std::byte* start, std::uint32_t pad_value, std::span<std::uint32_t> out);
  /// Writes the next words. Only for walks without padding.
  void scatter(std::byte* start, std::span<const std::uint32_t> words);

 private:
  struct Dim {
    std::uint64_t count = 1;   ///< Without padding.
    std::uint64_t step = 1;    ///< Words.
    std::uint64_t before = 0;  ///< Padding, in positions of this dimension.
    std::uint64_t whole = 1;   ///< count and padding.
    std::uint64_t index = 0;   ///< In 0..whole.
  };
  /// Where the row that the walk stands in begins; false if it lies in padding.
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
