// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "aie_api/emulation/accum.h"
#include "aie_api/emulation/bfp16.h"

#if __AIE_ARCH__ == 21

namespace aie {

/// Elems values in blocks of 8 (AIE2P). In memory a block is an exponent byte followed by 8
/// mantissas.
template <typename T, unsigned Elems>
class block_vector {
  static_assert(std::is_same_v<T, bfp16ebs8>, "only bfp16ebs8 blocks are emulated");
  static_assert(Elems == 64 || Elems == 128, "block vectors have 64 or 128 elements");

 public:
  using value_type = T;
  using lanes_type = detail::Lanes<float, Elems>;

  static constexpr unsigned size() { return Elems; }
  static constexpr unsigned block_size() { return 8; }
  static constexpr unsigned blocks() { return Elems / 8; }
  static constexpr unsigned mantissa_bits() { return 8; }
  static constexpr unsigned exponent_bits() { return 8; }
  static constexpr unsigned memory_bytes() { return blocks() * 9; }
  static constexpr unsigned memory_bits() { return memory_bytes() * 8; }
  static constexpr unsigned bytes() { return memory_bytes(); }

  __aie_inline block_vector() : lanes_(lanes_type::fill(kNotWritten)) {}
  __aie_inline explicit block_vector(const lanes_type& values) : lanes_(values) {}

  __aie_inline const lanes_type& lanes() const { return lanes_; }

  template <unsigned Out>
  __aie_inline block_vector<T, Out> extract(unsigned index) const {
    return block_vector<T, Out>(index == 0 ? detail::sub_lanes<Out, 0>(lanes_)
                                           : detail::sub_lanes<Out, Elems / Out - 1>(lanes_));
  }
  template <unsigned In>
  __aie_inline block_vector& insert(unsigned index, const block_vector<T, In>& v) {
    detail::put_lanes(lanes_, index, v.lanes());
    return *this;
  }

  __aie_inline void read(const std::uint8_t* source) {
    detail::check_access(source, memory_bytes(), false);
    npuwhisper_core_state.loads += detail::in_units_of(detail::kLoadBytes, memory_bytes());
    for (unsigned block = 0; block < blocks(); ++block) {
      const std::uint8_t* bytes_of_block = source + block * 9;
      const float unit = detail::unit_of_exponent(bytes_of_block[0]);
      for (unsigned i = 0; i < 8; ++i) {
        lanes_.set(block * 8 + i, static_cast<std::int8_t>(bytes_of_block[1 + i]) * unit);
      }
    }
  }
  __aie_inline void write(std::uint8_t* target) const {
    detail::check_access(target, memory_bytes(), true);
    npuwhisper_core_state.stores += detail::in_units_of(detail::kLoadBytes, memory_bytes());
    for (unsigned block = 0; block < blocks(); ++block) {
      detail::pack_block([&](unsigned i) { return lanes_.get(block * 8 + i); }, target + block * 9);
    }
  }

 private:
  static constexpr float kNotWritten = std::numeric_limits<float>::quiet_NaN();
  lanes_type lanes_;
};

/// Converts f32 accumulators to blocks, in the current rounding mode.
template <typename Tag, unsigned N>
template <typename T>
requires(detail::is_block_type_v<T>&& std::is_same_v<Tag, accfloat>) __aie_inline
    inline block_vector<T, N> accum<Tag, N>::to_vector(int) const {
  detail::count_vector_op(N * 4);
  return block_vector<T, N>(detail::quantise_bfp16(lanes()));
}

/// Operand B of a block product. It is stored transposed: each row holds a column of B, and each
/// block holds 8 consecutive values of k.
template <typename T, unsigned N>
struct TransposedBlocks {
  block_vector<T, N> v;
};
template <typename T, unsigned N>
__aie_inline inline TransposedBlocks<T, N> op_transpose(const block_vector<T, N>& v) {
  return {v};
}

/// Reads consecutive block vectors from memory, from any byte address.
/// block_vector_output_buffer_stream writes block vectors in the same way.
template <typename T, unsigned Elems, aie_dm_resource = aie_dm_resource::none>
class block_vector_input_buffer_stream {
 public:
  using vector_type = block_vector<T, Elems>;
  __aie_inline explicit block_vector_input_buffer_stream(const T* source)
      : next_(reinterpret_cast<const std::uint8_t*>(source)) {}
  __aie_inline vector_type pop() {
    vector_type v;
    v.read(next_);
    next_ += vector_type::memory_bytes();
    return v;
  }
  __aie_inline block_vector_input_buffer_stream& operator>>(vector_type& v) {
    v = pop();
    return *this;
  }
  /// Returns the next block vector, then moves by `n` block vectors, backwards if `n` is negative.
  __aie_inline vector_type pop_seek(int n) {
    const vector_type v = pop();
    seek(n);
    return v;
  }
  __aie_inline void seek(int n) { next_ += n * static_cast<int>(vector_type::memory_bytes()); }

 private:
  const std::uint8_t* next_;
};

template <typename T, unsigned Elems, aie_dm_resource = aie_dm_resource::none>
class block_vector_output_buffer_stream {
 public:
  using vector_type = block_vector<T, Elems>;
  __aie_inline explicit block_vector_output_buffer_stream(T* target)
      : next_(reinterpret_cast<std::uint8_t*>(target)) {}
  __aie_inline void push(const vector_type& v) {
    v.write(next_);
    next_ += vector_type::memory_bytes();
  }
  __aie_inline void seek(int n) { next_ += n * static_cast<int>(vector_type::memory_bytes()); }
  __aie_inline block_vector_output_buffer_stream& operator<<(const vector_type& v) {
    push(v);
    return *this;
  }
  __aie_inline block_vector_output_buffer_stream& operator<<(const accum<accfloat, Elems>& acc) {
    return *this << acc.template to_vector<T>();
  }

 private:
  std::uint8_t* next_;
};

}  // namespace aie

#endif
