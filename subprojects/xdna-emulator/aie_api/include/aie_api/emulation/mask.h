// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>

#include "aie_api/emulation/core.h"

namespace aie {

/// One bit for each of Elems elements of a vector.
template <unsigned Elems>
class mask {
  static constexpr unsigned kWords = (Elems + 31) / 32;

 public:
  static constexpr unsigned size() { return Elems; }

  constexpr mask() = default;

  template <typename... Words>
  __aie_inline static constexpr mask from_uint32(Words... words) {
    mask r;
    unsigned i = 0;
    ((r.words_[i++] = static_cast<std::uint32_t>(words)), ...);
    return r.trimmed();
  }
  template <typename... Words>
  __aie_inline static constexpr mask from_uint64(Words... words) {
    mask r;
    unsigned i = 0;
    (r.put_pair(i, words), ...);
    return r.trimmed();
  }
  __aie_inline constexpr std::uint32_t to_uint32(unsigned word = 0) const { return words_[word]; }
  __aie_inline constexpr std::uint64_t to_uint64(unsigned pair = 0) const {
    const std::uint64_t high = 2 * pair + 1 < kWords ? words_[2 * pair + 1] : 0;
    return words_[2 * pair] | high << 32;
  }

  __aie_inline constexpr bool test(unsigned i) const { return words_[i / 32] >> i % 32 & 1U; }
  __aie_inline constexpr void set(unsigned i) { words_[i / 32] |= 1U << i % 32; }
  __aie_inline constexpr void clear(unsigned i) { words_[i / 32] &= ~(1U << i % 32); }
  __aie_inline constexpr void toggle(unsigned i) { words_[i / 32] ^= 1U << i % 32; }
  __aie_inline constexpr void set() { *this = ~mask(); }
  __aie_inline constexpr void clear() { *this = mask(); }
  __aie_inline constexpr bool operator[](unsigned i) const { return test(i); }

  __aie_inline constexpr unsigned count() const {
    unsigned n = 0;
    for (const std::uint32_t word : words_) n += static_cast<unsigned>(__builtin_popcount(word));
    return n;
  }
  __aie_inline constexpr bool empty() const { return count() == 0; }
  __aie_inline constexpr bool full() const { return count() == Elems; }
  /// Returns the number of zeros above the highest set bit.
  __aie_inline constexpr unsigned clz() const {
    unsigned n = 0;
    while (n < Elems && !test(Elems - 1 - n)) ++n;
    return n;
  }
  /// Returns the number of zeros below the lowest set bit.
  __aie_inline constexpr unsigned ctz() const {
    unsigned n = 0;
    while (n < Elems && !test(n)) ++n;
    return n;
  }

  __aie_inline constexpr mask operator~() const {
    mask r;
    for (unsigned i = 0; i < kWords; ++i) r.words_[i] = ~words_[i];
    return r.trimmed();
  }
  __aie_inline constexpr mask operator&(const mask& o) const { return combine(o, '&'); }
  __aie_inline constexpr mask operator|(const mask& o) const { return combine(o, '|'); }
  __aie_inline constexpr mask operator^(const mask& o) const { return combine(o, '^'); }
  __aie_inline constexpr mask& operator&=(const mask& o) { return *this = *this & o; }
  __aie_inline constexpr mask& operator|=(const mask& o) { return *this = *this | o; }
  __aie_inline constexpr mask& operator^=(const mask& o) { return *this = *this ^ o; }
  __aie_inline constexpr mask operator<<(unsigned n) const {
    mask r;
    for (unsigned i = n; i < Elems; ++i) {
      if (test(i - n)) r.set(i);
    }
    return r;
  }
  __aie_inline constexpr mask operator>>(unsigned n) const {
    mask r;
    for (unsigned i = 0; i + n < Elems; ++i) {
      if (test(i + n)) r.set(i);
    }
    return r;
  }
  constexpr bool operator==(const mask&) const = default;

  template <unsigned Out>
  __aie_inline constexpr mask<Out> extract(unsigned index) const {
    mask<Out> r;
    for (unsigned i = 0; i < Out; ++i) {
      if (test(index * Out + i)) r.set(i);
    }
    return r;
  }
  template <unsigned In>
  __aie_inline constexpr mask& insert(unsigned index, const mask<In>& m) {
    for (unsigned i = 0; i < In; ++i) {
      if (m.test(i)) {
        set(index * In + i);
      } else {
        clear(index * In + i);
      }
    }
    return *this;
  }

 private:
  __aie_inline constexpr mask trimmed() const {
    mask r = *this;
    if constexpr (Elems % 32 != 0) r.words_[kWords - 1] &= (1U << Elems % 32) - 1U;
    return r;
  }
  __aie_inline constexpr void put_pair(unsigned& i, std::uint64_t pair) {
    words_[i++] = static_cast<std::uint32_t>(pair);
    if (i < kWords) words_[i++] = static_cast<std::uint32_t>(pair >> 32);
  }
  __aie_inline constexpr mask combine(const mask& o, char op) const {
    mask r;
    for (unsigned i = 0; i < kWords; ++i) {
      r.words_[i] = op == '&'   ? words_[i] & o.words_[i]
                    : op == '|' ? words_[i] | o.words_[i]
                                : words_[i] ^ o.words_[i];
    }
    return r;
  }

  std::array<std::uint32_t, kWords> words_{};
};

}  // namespace aie
