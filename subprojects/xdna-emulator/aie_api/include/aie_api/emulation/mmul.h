// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "aie_api/emulation/accum.h"
#include "aie_api/emulation/bfp16.h"
#include "aie_api/emulation/block_vector.h"
#include "aie_api/emulation/mmul_block.h"
#include "aie_api/emulation/mmul_shapes.h"

/// The matrix multiplier. Integer products are exact and are added in 32 or 64 bits with
/// wrap-around. bf16 products are exact and are added in f32 in the order of k (the order within
/// silicon's multiplier is not published). AIE2P multiplies bf16 lane by lane, unless
/// AIE_API_EMULATE_BFLOAT16_MMUL_WITH_BFP16 selects block floating point. Block floating point
/// first rounds the blocks of A and B to shared exponents.

namespace aie {

namespace detail {

#if __AIE_ARCH__ == 21 && defined(AIE_API_EMULATE_BFLOAT16_MMUL_WITH_BFP16)
inline constexpr bool kBf16ByBlocks = AIE_API_EMULATE_BFLOAT16_MMUL_WITH_BFP16;
#else
inline constexpr bool kBf16ByBlocks = false;
#endif

template <typename A, typename B>
struct MmulTypes {
  static constexpr bool kBlocks = is_block_type_v<B>;
  static constexpr bool kBf16 = std::is_same_v<A, bfloat16> && std::is_same_v<B, bfloat16>;
  static constexpr bool kFloat = std::is_same_v<A, float> && std::is_same_v<B, float>;
  static constexpr bool kIntegers = std::is_integral_v<A> && std::is_integral_v<B>;
};

template <typename A, typename B>
constexpr bool has_shape(MmulShape shape) {
  using Types = MmulTypes<A, B>;
  if constexpr (Types::kBlocks) {
    return (std::is_same_v<A, B> || std::is_same_v<A, bfloat16>)&&has_bfp16_shape(shape);
  } else if constexpr (Types::kBf16) {
    return has_bf16_shape(shape);
  } else if constexpr (Types::kFloat) {
    return has_float_shape(shape);
  } else if constexpr (Types::kIntegers) {
    return has_integer_shape(type_bits_v<A>, type_bits_v<B>, shape);
  } else {
    return false;
  }
}

template <typename A, typename B, typename Tag>
struct MmulTag {
  using type = Tag;
};
template <typename A, typename B>
struct MmulTag<A, B, accauto> {
  static constexpr bool kNarrow = type_bits_v<A> + type_bits_v<B> < 32;
  using type = std::conditional_t<!MmulTypes<A, B>::kIntegers, accfloat,
                                  std::conditional_t<kNarrow, acc32, acc64>>;
};

__aie_inline inline void count_macs(unsigned bits_a, unsigned bits_b, std::uint64_t n) {
  NpuWhisperCoreState& s = npuwhisper_core_state;
  const unsigned total = bits_a + bits_b;
  if (total <= 16) {
    s.macs_8x8 += n;
  } else if (total <= 24) {
    s.macs_16x8 += n;
  } else {
    // Wider operands need one pass of the 16-bit multiplier for each pair of 16-bit halves.
    s.macs_16x16 += n * ((bits_a + 15) / 16) * ((bits_b + 15) / 16);
  }
}

/// Returns the lanes of a product's operand: a vector, a block vector or a transposed block vector.
template <typename T, unsigned N>
__aie_inline inline const auto& operand_lanes(const vector<T, N>& v) {
  return v.lanes();
}
#if __AIE_ARCH__ == 21
template <typename T, unsigned N>
__aie_inline inline const auto& operand_lanes(const block_vector<T, N>& v) {
  return v.lanes();
}
template <typename T, unsigned N>
__aie_inline inline const auto& operand_lanes(const TransposedBlocks<T, N>& t) {
  return t.v.lanes();
}
#endif

/// Returns the transpose of `b`, which has 8 columns.
template <unsigned N>
__aie_inline inline Lanes<float, N> transpose_blocks(const Lanes<float, N>& b) {
  Lanes<float, N> r{};
  constexpr unsigned rows = N / 8;
  for (unsigned i = 0; i < rows; ++i) {
    for (unsigned k = 0; k < 8; ++k) r.set(k * rows + i, b.get(i * 8 + k));
  }
  return r;
}

}  // namespace detail

enum class accum_ownership { owned, ref };

template <unsigned M_, unsigned K_, unsigned N_, typename TypeA, typename TypeB = TypeA,
          typename AccumTag = accauto, accum_ownership Ownership = accum_ownership::owned>
class mmul {
  static_assert(Ownership == accum_ownership::owned, "mmul by reference is not emulated");
  static_assert(detail::has_shape<TypeA, TypeB>({M_, K_, N_}),
                "this generation's mmul lacks the shape M x K x N for these types");

 public:
  static constexpr unsigned M = M_;
  static constexpr unsigned K = K_;
  static constexpr unsigned N = N_;
  static constexpr unsigned size_A = M * K;
  static constexpr unsigned size_B = K * N;
  static constexpr unsigned size_C = M * N;
  static constexpr unsigned size() { return size_C; }

  using accum_tag = typename detail::MmulTag<TypeA, TypeB, AccumTag>::type;
  using accum_type = accum<accum_tag, size_C>;
  using lane_type = typename accum_type::lane_type;
  static constexpr unsigned accum_bits = sizeof(lane_type) * 8;

  __aie_inline mmul() : c_(Lanes::fill(lane_type{})) {}
  __aie_inline mmul(const accum_type& acc) : c_(acc.lanes()) {}
  template <typename T>
  __aie_inline mmul(const vector<T, size_C>& v, int shift = 0) : mmul(accum_type(v, shift)) {}
  __aie_inline mmul& operator=(const accum_type& acc) {
    c_ = acc.lanes();
    return *this;
  }

  template <typename VecA, typename VecB>
  __aie_inline mmul& mac(const VecA& a, const VecB& b) {
    multiply(detail::operand_lanes(a), detail::operand_lanes(b));
    return *this;
  }
  template <typename VecA, typename VecB>
  __aie_inline mmul& mul(const VecA& a, const VecB& b) {
    c_ = Lanes::fill(lane_type{});
    return mac(a, b);
  }

  __aie_inline accum_type to_accum() const { return accum_type(c_); }
  __aie_inline operator accum_type() const { return to_accum(); }
  template <typename T>
  __aie_inline vector<T, size_C> to_vector(int shift = 0) const {
    return to_accum().template to_vector<T>(shift);
  }

 private:
  using Lanes = detail::Lanes<lane_type, size_C>;
  using Types = detail::MmulTypes<TypeA, TypeB>;

  template <typename LanesA, typename LanesB>
  __aie_inline void multiply(const LanesA& a, const LanesB& b) {
    constexpr std::uint64_t kMacs = std::uint64_t{M} * K * N;
    NpuWhisperCoreState& state = npuwhisper_core_state;
    if constexpr (Types::kBlocks) {
      detail::Lanes<float, size_A> blocks;
      if constexpr (std::is_same_v<TypeA, bfloat16>) {
        state.macs_bf16_by_bfp16 += kMacs;
        blocks = detail::quantise_bfp16(detail::bf16_to_float(a));
      } else {
        state.macs_bfp16 += kMacs;
        blocks = a;
      }
      detail::multiply_block<M, K, N, true>(c_, blocks, detail::transpose_blocks(b));
    } else if constexpr (Types::kBf16 && detail::kBf16ByBlocks && N == 8 && K == 8) {
      // A 4 x 8 x 8 product costs as much as an 8 x 8 x 8 product, half of which is ignored.
      state.macs_bf16_by_bfp16 += std::uint64_t{8} * K * N;
      detail::multiply_block<M, K, N, true>(c_, detail::quantise_bfp16(detail::bf16_to_float(a)),
                                            detail::quantise_bfp16<true>(detail::bf16_to_float(b)));
    } else if constexpr (Types::kBf16) {
      state.macs_bf16 += kMacs;
      detail::multiply_block<M, K, N>(c_, detail::bf16_to_float(a), detail::bf16_to_float(b));
    } else if constexpr (Types::kFloat) {
      state.macs_float += kMacs;
      detail::multiply_block<M, K, N>(c_, a, b);
    } else {
      detail::count_macs(detail::type_bits_v<TypeA>, detail::type_bits_v<TypeB>, kMacs);
      detail::multiply_block<M, K, N>(c_, detail::convert<lane_type>(a),
                                      detail::convert<lane_type>(b));
    }
  }

  Lanes c_;
};

}  // namespace aie

#if __AIE_ARCH__ == 21
// The intrinsics for the multiplier's block products. B is stored transposed.
__aie_inline inline aie::accum<accfloat, 64> mac_8x8_8x8T(const aie::block_vector<bfp16ebs8, 64>& a,
                                                          const aie::block_vector<bfp16ebs8, 64>& b,
                                                          const aie::accum<accfloat, 64>& acc) {
  aie::mmul<8, 8, 8, bfp16ebs8, bfp16ebs8, accfloat> product(acc);
  return product.mac(a, aie::op_transpose(b)).to_accum();
}
__aie_inline inline aie::accum<accfloat, 64> mul_8x8_8x8T(
    const aie::block_vector<bfp16ebs8, 64>& a, const aie::block_vector<bfp16ebs8, 64>& b) {
  aie::mmul<8, 8, 8, bfp16ebs8, bfp16ebs8, accfloat> product;
  return product.mac(a, aie::op_transpose(b)).to_accum();
}
#endif
