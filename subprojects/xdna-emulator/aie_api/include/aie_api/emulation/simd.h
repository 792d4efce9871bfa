// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstring>
#include <type_traits>
#include <utility>

#include "aie_api/emulation/core.h"

/// Lanes<L, N> has N lanes in the host's vector registers, as an array of chunks of at most
/// kChunkBytes. All loops over chunks are unrolled at compile time, so that the compiler keeps the
/// chunks in registers. Operations on one chunk use GCC's vector extensions.

namespace aie::detail {

// With AVX2 and with AVX-512, a chunk has 32 bytes. Chunks of 64 bytes would be slower, because
// AVX-512's cross-lane shuffles cost more time than its wider sums save.
#if defined(__AVX2__)
inline constexpr unsigned kChunkBytes = 32;
#else
inline constexpr unsigned kChunkBytes = 16;
#endif

template <typename L, unsigned K>
struct VecOf {
  using type [[gnu::vector_size(sizeof(L) * K)]] = L;
};
template <typename L, unsigned K>
using Vec = typename VecOf<L, K>::type;

template <unsigned I>
using Index = std::integral_constant<unsigned, I>;

/// Calls f(Index<0>{}) ... f(Index<N - 1>{}).
template <unsigned N, typename F>
__aie_inline constexpr void unroll(F&& f) {
  [&]<unsigned... I>(std::integer_sequence<unsigned, I...>) __aie_inline {
    (f(Index<I>{}), ...);
  }
  (std::make_integer_sequence<unsigned, N>{});
}

/// Returns a vector whose lane i is lane source(i) of `v`; `source` is a constexpr function object.
template <unsigned K, typename V, typename F>
__aie_inline constexpr auto shuffle_lanes(V v, F source) {
  return [&]<unsigned... I>(std::integer_sequence<unsigned, I...>) __aie_inline {
    return __builtin_shufflevector(v, v, static_cast<int>(F{}(I))...);
  }
  (std::make_integer_sequence<unsigned, K>{});
  static_cast<void>(source);
}

/// Returns the concatenation of two vectors.
template <typename L, unsigned K>
__aie_inline constexpr Vec<L, 2 * K> join(Vec<L, K> low, Vec<L, K> high) {
  return [&]<unsigned... I>(std::integer_sequence<unsigned, I...>) __aie_inline {
    return __builtin_shufflevector(low, high, static_cast<int>(I)...);
  }
  (std::make_integer_sequence<unsigned, 2 * K>{});
}

/// Returns P lanes from P / K calls of part(j), with j starting at `First`.
template <typename L, unsigned K, unsigned P, unsigned First, typename F>
__aie_inline constexpr Vec<L, P> assemble(F&& part) {
  if constexpr (K == P) {
    return part(Index<First>{});
  } else {
    return join<L, P / 2>(assemble<L, K, P / 2, First>(part),
                          assemble<L, K, P / 2, First + P / 2 / K>(part));
  }
}

template <typename L, unsigned N>
struct Lanes {
  static_assert(N > 0 && (N & (N - 1)) == 0, "vectors have a power of two of lanes");
  static constexpr unsigned kPer = N < kChunkBytes / sizeof(L) ? N : kChunkBytes / sizeof(L);
  static constexpr unsigned kCount = N / kPer;
  using Chunk = Vec<L, kPer>;

  Chunk c[kCount];

  __aie_inline constexpr L get(unsigned i) const { return c[i / kPer][i % kPer]; }
  __aie_inline constexpr void set(unsigned i, L value) { c[i / kPer][i % kPer] = value; }

  /// Returns lanes [J * K, J * K + K). K is at most kPer.
  template <unsigned K, unsigned J>
  __aie_inline constexpr Vec<L, K> part() const {
    static_assert(K <= kPer);
    if constexpr (K == kPer) {
      return c[J];
    } else {
      constexpr unsigned first = J * K % kPer;
      return shuffle_lanes<K>(c[J * K / kPer], [](unsigned i) { return first + i; });
    }
  }

  __aie_inline static constexpr Lanes fill(L value) {
    Lanes r;
    unroll<kCount>([&](auto i) __aie_inline { r.c[i] = Chunk{} + value; });
    return r;
  }
};

template <typename L, unsigned N, typename F>
__aie_inline constexpr Lanes<L, N> map(const Lanes<L, N>& a, F&& f) {
  Lanes<L, N> r;
  unroll<Lanes<L, N>::kCount>([&](auto i) __aie_inline { r.c[i] = f(a.c[i]); });
  return r;
}

template <typename L, unsigned N, typename F>
__aie_inline constexpr Lanes<L, N> map(const Lanes<L, N>& a, const Lanes<L, N>& b, F&& f) {
  Lanes<L, N> r;
  unroll<Lanes<L, N>::kCount>([&](auto i) __aie_inline { r.c[i] = f(a.c[i], b.c[i]); });
  return r;
}

template <typename L, unsigned N, typename F>
__aie_inline constexpr Lanes<L, N> map(const Lanes<L, N>& a, const Lanes<L, N>& b,
                                       const Lanes<L, N>& c, F&& f) {
  Lanes<L, N> r;
  unroll<Lanes<L, N>::kCount>([&](auto i) __aie_inline { r.c[i] = f(a.c[i], b.c[i], c.c[i]); });
  return r;
}

/// Returns lanes whose lane i is value(i).
template <typename L, unsigned N, typename F>
__aie_inline constexpr Lanes<L, N> make_lanes(F&& value) {
  Lanes<L, N> r;
  unroll<Lanes<L, N>::kCount>([&](auto c) __aie_inline {
    constexpr unsigned first = decltype(c)::value * Lanes<L, N>::kPer;
    r.c[c] = [&]<unsigned... I>(std::integer_sequence<unsigned, I...>) __aie_inline {
      return typename Lanes<L, N>::Chunk{static_cast<L>(value(first + I))...};
    }
    (std::make_integer_sequence<unsigned, Lanes<L, N>::kPer>{});
  });
  return r;
}

/// Applies the conversion `f` to the parts of `a`. `f` takes and returns vectors with the same
/// number of lanes.
template <typename To, typename From, unsigned N, typename F>
__aie_inline constexpr Lanes<To, N> map_to(const Lanes<From, N>& a, F&& f) {
  constexpr unsigned to = Lanes<To, N>::kPer;
  constexpr unsigned from = Lanes<From, N>::kPer;
  constexpr unsigned k = to < from ? to : from;
  Lanes<To, N> r;
  unroll<Lanes<To, N>::kCount>([&](auto i) __aie_inline {
    constexpr unsigned first = decltype(i)::value * (to / k);
    r.c[i] = assemble<To, k, to, first>(
        [&](auto j) __aie_inline { return f(a.template part<k, decltype(j)::value>()); });
  });
  return r;
}

/// Converts each lane as C does: integers wrap or extend, and floats are truncated to integers.
template <typename To, typename From, unsigned N>
__aie_inline constexpr Lanes<To, N> convert(const Lanes<From, N>& a) {
  if constexpr (std::is_same_v<To, From>) {
    return a;
  } else {
    return map_to<To>(a, [](auto v) __aie_inline {
      return __builtin_convertvector(v, Vec<To, sizeof(v) / sizeof(From)>);
    });
  }
}

/// Returns the bits of `a` as lanes of type To.
template <typename To, typename From, unsigned N>
__aie_inline constexpr auto reinterpret(const Lanes<From, N>& a) {
  Lanes<To, N * sizeof(From) / sizeof(To)> r;
  static_assert(sizeof(r) == sizeof(a));
  unroll<Lanes<From, N>::kCount>(
      [&](auto i) __aie_inline { r.c[i] = reinterpret_cast<typename decltype(r)::Chunk>(a.c[i]); });
  return r;
}

/// Returns lanes [J * M, J * M + M) of `a`.
template <unsigned M, unsigned J, typename L, unsigned N>
__aie_inline constexpr Lanes<L, M> sub_lanes(const Lanes<L, N>& a) {
  Lanes<L, M> r;
  unroll<Lanes<L, M>::kCount>([&](auto i) __aie_inline {
    constexpr unsigned per = Lanes<L, M>::kPer;
    r.c[i] = a.template part<per, J*(M / per) + decltype(i)::value>();
  });
  return r;
}

/// Replaces lanes [idx * M, idx * M + M) of `a` by `b`.
template <unsigned M, typename L, unsigned N>
__aie_inline constexpr void put_lanes(Lanes<L, N>& a, unsigned idx, const Lanes<L, M>& b) {
  if constexpr (M == N) {
    a = b;
  } else if constexpr (Lanes<L, M>::kPer == Lanes<L, N>::kPer) {
    unroll<Lanes<L, M>::kCount>([&](auto i)
                                    __aie_inline { a.c[idx * Lanes<L, M>::kCount + i] = b.c[i]; });
  } else {
    // `b` is narrower than a chunk, so the chunk is assembled from `b` and the chunk's other parts.
    constexpr unsigned parts = Lanes<L, N>::kPer / M;
    unroll<Lanes<L, N>::kCount>([&](auto i) __aie_inline {
      if (idx / parts == i) {
        const auto old = a.c[i];
        a.c[i] = assemble<L, M, Lanes<L, N>::kPer, 0>([&](auto j) __aie_inline {
          constexpr unsigned first = decltype(j)::value * M;
          return idx % parts == j
                     ? b.c[0]
                     : shuffle_lanes<M>(old, [](unsigned lane) { return first + lane; });
        });
      }
    });
  }
}

/// Loads a chunk from an unaligned address. On x86, chunks of 16 bytes, and of 32 bytes with AVX,
/// are loaded by inline assembly, which the compiler does not instrument. Other chunks use
/// memcpy(). The caller must have checked the access to the whole vector. store_unseen() stores a
/// chunk in the same way.
template <typename V>
__aie_inline inline V load_unseen(const void* address) {
  using Alias [[gnu::may_alias]] = V;
  const auto* source = static_cast<const Alias*>(address);
  V r;
#if defined(__AVX__)
  if constexpr (sizeof(V) == 32 || sizeof(V) == 16) {
    asm("vmovdqu %1, %0" : "=x"(r) : "m"(*source));
    return r;
  }
#elif defined(__SSE2__)
  if constexpr (sizeof(V) == 16) {
    asm("movdqu %1, %0" : "=x"(r) : "m"(*source));
    return r;
  }
#endif
  std::memcpy(&r, address, sizeof(V));
  return r;
}

template <typename V>
__aie_inline inline void store_unseen(void* address, V v) {
  using Alias [[gnu::may_alias]] = V;
  auto* target = static_cast<Alias*>(address);
#if defined(__AVX__)
  if constexpr (sizeof(V) == 32 || sizeof(V) == 16) {
    asm("vmovdqu %1, %0" : "=m"(*target) : "x"(v));
    return;
  }
#elif defined(__SSE2__)
  if constexpr (sizeof(V) == 16) {
    asm("movdqu %1, %0" : "=m"(*target) : "x"(v));
    return;
  }
#endif
  static_cast<void>(target);
  std::memcpy(address, &v, sizeof(V));
}

}  // namespace aie::detail
