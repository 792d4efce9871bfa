// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "aie_api/emulation/simd.h"

/// Computes C += A * B for one mmul block in the host's registers. A, B and C are row-major lanes
/// of one type (f32, int32 or int64). A chunk of C holds one or more rows, or a part of a row. For
/// each k, lanes of A are spread over the columns of their rows, and a row of B is repeated for
/// each row of C.

namespace aie::detail {

/// Returns a * b + c. For bf16 values, fused and separate rounding give equal results, because the
/// product is exact.
template <typename V>
__aie_inline inline V multiply_add(V a, V b, V c) {
#if defined(__FMA__)
  if constexpr (std::is_same_v<V, Vec<float, 8>>) return __builtin_ia32_vfmaddps256(a, b, c);
  if constexpr (std::is_same_v<V, Vec<float, 4>>) return __builtin_ia32_vfmaddps(a, b, c);
#endif
  return a * b + c;
}

template <unsigned M, unsigned K, unsigned N, typename L>
struct BlockGeometry {
  static constexpr unsigned kChunk = Lanes<L, M * N>::kPer;
  static constexpr unsigned kRows = kChunk >= N ? kChunk / N : 1;  ///< Rows of C in a chunk.
  static constexpr unsigned kColumns = kChunk >= N ? N : kChunk;   ///< Columns of C in a chunk.
  static constexpr unsigned kChunksPerRow = N / kColumns;
  static constexpr unsigned kSpan = kChunk / kRows;
  static constexpr unsigned kGroup = K < kSpan ? K : kSpan;  ///< Values of k gathered at a time.
};

/// Computes C += A * B. With `block_sum`, first adds up the block's K products, then adds the sum
/// to C, as the block floating point multiplier does.
template <unsigned M, unsigned K, unsigned N, bool block_sum = false, typename L>
__aie_inline inline void multiply_block(Lanes<L, M * N>& c, const Lanes<L, M * K>& a,
                                        const Lanes<L, K * N>& b) {
  using G = BlockGeometry<M, K, N, L>;
  constexpr unsigned W = G::kChunk;
  constexpr unsigned group = G::kGroup;
  // Rows of B, repeated to the width of a chunk.
  Vec<L, W> b_rows[K * G::kChunksPerRow];
  unroll<K * G::kChunksPerRow>([&](auto i) __aie_inline {
    const auto row = b.template part<G::kColumns, decltype(i)::value>();
    b_rows[i] = shuffle_lanes<W>(row, [](unsigned lane) { return lane % G::kColumns; });
  });
  unroll<M / G::kRows>([&](auto r) __aie_inline {
    Vec<L, W> sum[G::kChunksPerRow];
    unroll<G::kChunksPerRow>([&](auto p) __aie_inline {
      sum[p] = block_sum ? Vec<L, W>{} : c.c[r * G::kChunksPerRow + p];
    });
    unroll<K / group>([&](auto h) __aie_inline {
      // Lane (row, k) of `gathered` is A[first row + row][h * group + k].
      const auto gathered = assemble<L, group, G::kRows * group, 0>([&](auto j) __aie_inline {
        constexpr unsigned row = decltype(r)::value * G::kRows + decltype(j)::value;
        return a.template part<group, row*(K / group) + decltype(h)::value>();
      });
      unroll<group>([&](auto g) __aie_inline {
        constexpr unsigned k_in_group = decltype(g)::value;
        const auto spread = shuffle_lanes<W>(
            gathered, [](unsigned lane) { return lane / G::kColumns * G::kGroup + k_in_group; });
        unroll<G::kChunksPerRow>([&](auto p) __aie_inline {
          constexpr unsigned k = decltype(h)::value * group + k_in_group;
          sum[p] = multiply_add(spread, b_rows[k * G::kChunksPerRow + p], sum[p]);
        });
      });
    });
    unroll<G::kChunksPerRow>([&](auto p) __aie_inline {
      constexpr unsigned i = decltype(r)::value * G::kChunksPerRow + decltype(p)::value;
      c.c[i] = block_sum ? c.c[i] + sum[p] : sum[p];
    });
  });
}

}  // namespace aie::detail
