// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "aie_api/emulation/memory.h"

/// This header defines tables in memory and parallel look-ups by several lanes. A table is stored
/// in lines of 16 bytes. Each line is stored twice, once for each of two banks. For four parallel
/// look-ups there are two copies of the table.

namespace aie {

template <unsigned ParallelAccesses, typename OffsetType, typename SlopeType = OffsetType>
class lut;

template <typename OffsetType, typename SlopeType>
class lut<4, OffsetType, SlopeType> {
 public:
  __aie_inline lut(unsigned elements, const void* ab, const void* cd)
      : elements_(elements),
        ab_(static_cast<const OffsetType*>(ab)),
        cd_(static_cast<const OffsetType*>(cd)) {}
  /// Returns an element. In each group of four lanes, lanes 0 and 1 read the first copy of the
  /// table, and lanes 2 and 3 read the second copy.
  __aie_inline OffsetType get(unsigned element, unsigned lane) const {
    constexpr unsigned per_line = 16 / sizeof(OffsetType);
    const OffsetType* copy = lane % 4 < 2 ? ab_ : cd_;
    const OffsetType* at =
        copy + element / per_line * 2 * per_line + lane % 2 * per_line + element % per_line;
    detail::check_access(at, sizeof *at, false);
    return *at;
  }
  __aie_inline unsigned size() const { return elements_; }

 private:
  unsigned elements_;
  const OffsetType* ab_;
  const OffsetType* cd_;
};

enum class lut_oor_policy { saturate, truncate };

template <typename T, typename Table, lut_oor_policy Policy = lut_oor_policy::saturate>
class parallel_lookup {
  static_assert(std::is_unsigned_v<T>, "look-ups by signed values are not emulated");

 public:
  /// fetch() looks up a value v at index (v >> step_bits) + bias.
  __aie_inline parallel_lookup(const Table& table, unsigned step_bits, int bias = 0)
      : table_(table), step_bits_(step_bits), bias_(bias) {}

  template <unsigned N>
  __aie_inline auto fetch(const vector<T, N>& v) const {
    using Entry = decltype(table_.get(0, 0));
    npuwhisper_core_state.loads += N / 4;
    vector<Entry, N> r;
    for (unsigned i = 0; i < N; ++i) {
      int index = static_cast<int>(v.get(i) >> step_bits_) + bias_;
      const int size = static_cast<int>(table_.size());
      if (Policy == lut_oor_policy::truncate) {
        index = (index % size + size) % size;
      } else {
        index = index < 0 ? 0 : index >= size ? size - 1 : index;
      }
      r.set(table_.get(static_cast<unsigned>(index), i), i);
    }
    return r;
  }

 private:
  Table table_;
  unsigned step_bits_;
  int bias_;
};

}  // namespace aie
