// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/address_walk.h"

#include <algorithm>
#include <cstring>

namespace npuwhisper::emu {
namespace {

constexpr std::size_t kWord = sizeof(std::uint32_t);

/// Copies `n` words. Blocked layouts mostly copy a few words at a time. A constant size makes
/// memcpy() faster for a few words.
void copy_words(std::byte* to, const std::byte* from, std::size_t n) {
  switch (n) {
    case 1:
      std::memcpy(to, from, kWord);
      return;
    case 2:
      std::memcpy(to, from, 2 * kWord);
      return;
    case 4:
      std::memcpy(to, from, 4 * kWord);
      return;
    case 8:
      std::memcpy(to, from, 8 * kWord);
      return;
    default:
      std::memcpy(to, from, n * kWord);
  }
}

}  // namespace

AddressWalk::AddressWalk(const npu::BufferDescriptor& descriptor) : remaining_(descriptor.length) {
  n_dims_ = 0;
  std::uint64_t row_words = 1;  // Number of words per position of the dimension, including padding.
  for (const npu::DescriptorDim& from : descriptor.dims) {
    Dim dim;
    dim.step = from.step;
    dim.before = from.zeros_before;
    const bool open = from.wrap == 0;
    const std::uint64_t positions = (remaining_ + row_words - 1) / row_words;
    dim.whole = open ? std::max<std::uint64_t>(positions, 1)
                     : from.wrap + std::uint64_t{from.zeros_before} + from.zeros_after;
    const std::uint64_t padding = std::uint64_t{from.zeros_before} + from.zeros_after;
    dim.count = open ? dim.whole - std::min(padding, dim.whole) : from.wrap;
    row_words *= dim.whole;
    // Merge the dimension with the next inner dimension if neither has padding and the outer step
    // equals the length of the inner dimension.
    if (n_dims_ > 0) {
      Dim& below = dims_[static_cast<std::size_t>(n_dims_) - 1];
      const bool padded = below.whole != below.count || dim.whole != dim.count;
      if (!padded && dim.step == below.count * below.step) {
        below.count *= dim.count;
        below.whole = below.count;
        if (open) break;
        continue;
      }
    }
    dims_[static_cast<std::size_t>(n_dims_++)] = dim;
    if (open) break;
  }
  // The transfer's length can end the walk before the outer dimensions reach their ends.
  extent_ = 1;
  std::uint64_t reach = remaining_;
  std::array<std::uint64_t, 4> wholes{};
  for (int i = 0; i < n_dims_; ++i) {
    wholes[static_cast<std::size_t>(i)] = std::min(reach, dims_[static_cast<std::size_t>(i)].whole);
    reach = (reach + dims_[static_cast<std::size_t>(i)].whole - 1) /
            dims_[static_cast<std::size_t>(i)].whole;
  }
  for (int i = 0; i < n_dims_; ++i) {
    const Dim& dim = dims_[static_cast<std::size_t>(i)];
    const std::uint64_t reached = wholes[static_cast<std::size_t>(i)];
    const std::uint64_t positions =
        std::min(dim.count, reached > dim.before ? reached - dim.before : 0);
    if (positions > 0) extent_ += (positions - 1) * dim.step;
  }
}

bool AddressWalk::row_offset(std::uint64_t& words) const {
  words = 0;
  for (int i = 1; i < n_dims_; ++i) {
    const Dim& dim = dims_[static_cast<std::size_t>(i)];
    const std::uint64_t position = dim.index - dim.before;
    if (dim.index < dim.before || position >= dim.count) return false;
    words += position * dim.step;
  }
  return true;
}

void AddressWalk::advance_row() {
  dims_[0].index = 0;
  for (int i = 1; i < n_dims_; ++i) {
    Dim& dim = dims_[static_cast<std::size_t>(i)];
    if (++dim.index < dim.whole) return;
    dim.index = 0;
  }
}

/// Advances the walk by `n_words` words. Calls run(inside, offset, step, n) for each part of a row.
/// The offset and the step are in words. `inside` is false for padding.
template <typename Run>
void AddressWalk::walk(std::size_t n_words, Run run) {
  remaining_ -= n_words;
  Dim& inner = dims_[0];
  std::uint64_t row = 0;
  while (n_words > 0) {
    const bool inside = row_offset(row);
    std::uint64_t n_row = std::min<std::uint64_t>(inner.whole - inner.index, n_words);
    n_words -= n_row;
    while (n_row > 0) {
      std::uint64_t n = 0;
      if (inner.index < inner.before) {
        n = std::min(n_row, inner.before - inner.index);
        run(false, 0, inner.step, n);
      } else if (const std::uint64_t position = inner.index - inner.before;
                 position < inner.count) {
        n = std::min(n_row, inner.count - position);
        run(inside, row + position * inner.step, inner.step, n);
      } else {
        n = n_row;
        run(false, 0, inner.step, n);
      }
      inner.index += n;
      n_row -= n;
    }
    if (inner.index == inner.whole) advance_row();
  }
}

void AddressWalk::gather(const std::byte* start, std::uint32_t pad_value,
                         std::span<std::uint32_t> out) {
  auto* to = reinterpret_cast<std::byte*>(out.data());
  walk(out.size(), [&](bool inside, std::uint64_t offset, std::uint64_t step, std::uint64_t n) {
    if (!inside) {
      for (std::uint64_t i = 0; i < n; ++i) std::memcpy(to + i * kWord, &pad_value, kWord);
    } else if (step == 1) {
      copy_words(to, start + offset * kWord, n);
    } else {
      for (std::uint64_t i = 0; i < n; ++i) {
        std::memcpy(to + i * kWord, start + (offset + i * step) * kWord, kWord);
      }
    }
    to += n * kWord;
  });
}

void AddressWalk::scatter(std::byte* start, std::span<const std::uint32_t> words) {
  const auto* from = reinterpret_cast<const std::byte*>(words.data());
  walk(words.size(), [&](bool inside, std::uint64_t offset, std::uint64_t step, std::uint64_t n) {
    if (!inside) {
      // Padding is not stored. S2MM descriptors with padding are refused before a walk begins.
    } else if (step == 1) {
      copy_words(start + offset * kWord, from, n);
    } else {
      for (std::uint64_t i = 0; i < n; ++i) {
        std::memcpy(start + (offset + i * step) * kWord, from + i * kWord, kWord);
      }
    }
    from += n * kWord;
  });
}

}  // namespace npuwhisper::emu
