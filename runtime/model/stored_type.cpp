// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/stored_type.h"

#include <array>
#include <cassert>
#include <cstring>

#include "simd/float16.h"

namespace npuwhisper {
namespace {

constexpr std::size_t kBlockValues = 32;  // QK4_0, QK5_0 and QK8_0 in ggml
constexpr std::size_t kHalf = kBlockValues / 2;

template <typename T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

float load_f16(const std::byte* at) {
  float value = 0;
  f16_to_f32(std::span(at, 2), std::span(&value, 1));
  return value;
}

template <typename T>
void integers_to_f32(std::span<const std::byte> in, std::span<float> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<float>(load<T>(in.data() + i * sizeof(T)));
  }
}

/// Layout of a block whose numbers have 4 or 5 bits: the scale, the minimum (if kHasMinimum), the
/// fifth bits of the 32 numbers (if kHasHighBits), and 16 bytes. The low half of byte i belongs to
/// number i, and the high half to number i + 16.
template <bool kHasMinimum, bool kHasHighBits>
struct SmallBlock {
  static constexpr std::size_t kMinimum = 2;
  static constexpr std::size_t kHighBits = kMinimum + (kHasMinimum ? 2 : 0);
  static constexpr std::size_t kLowBits = kHighBits + (kHasHighBits ? 4 : 0);
  static constexpr std::size_t kBytes = kLowBits + kHalf;

  static void to_f32(const std::byte* in, float* out) {
    const float scale = load_f16(in);
    // Without a minimum, the numbers are signed: half of their range is subtracted.
    const float minimum = kHasMinimum ? load_f16(in + kMinimum) : 0.0F;
    const int zero = kHasMinimum ? 0 : (kHasHighBits ? 16 : 8);
    const std::uint32_t high = kHasHighBits ? load<std::uint32_t>(in + kHighBits) : 0;
    for (std::size_t i = 0; i < kHalf; ++i) {
      const auto low = std::to_integer<unsigned>(in[kLowBits + i]);
      const auto first = (low & 0xF) | (high >> i & 1) << 4;
      const auto second = low >> 4 | (high >> (i + kHalf) & 1) << 4;
      out[i] = static_cast<float>(static_cast<int>(first) - zero) * scale + minimum;
      out[i + kHalf] = static_cast<float>(static_cast<int>(second) - zero) * scale + minimum;
    }
  }
};

struct Int8Block {
  static constexpr std::size_t kBytes = 2 + kBlockValues;

  static void to_f32(const std::byte* in, float* out) {
    const float scale = load_f16(in);
    for (std::size_t i = 0; i < kBlockValues; ++i) {
      out[i] = static_cast<float>(std::to_integer<std::int8_t>(in[2 + i])) * scale;
    }
  }
};

using Q4_0 = SmallBlock<false, false>;
using Q4_1 = SmallBlock<true, false>;
using Q5_0 = SmallBlock<false, true>;
using Q5_1 = SmallBlock<true, true>;

template <typename Block>
void blocks_to_f32(std::span<const std::byte> in, std::span<float> out) {
  for (std::size_t i = 0; i < out.size() / kBlockValues; ++i) {
    Block::to_f32(in.data() + i * Block::kBytes, out.data() + i * kBlockValues);
  }
}

struct TypeRow {
  std::string_view name;
  StoredBlock block;
  bool is_real;
  void (*to_f32)(std::span<const std::byte> in, std::span<float> out);
};

/// The properties of each type, in the order of StoredType.
constexpr std::array kTypes = {
    TypeRow{"f32",
            {1, 4},
            true,
            [](std::span<const std::byte> in, std::span<float> out) {
              std::memcpy(out.data(), in.data(), in.size());
            }},
    TypeRow{"f16", {1, 2}, true, f16_to_f32},
    TypeRow{"bf16", {1, 2}, true, bf16_to_f32},
    TypeRow{"i8", {1, 1}, false, integers_to_f32<std::int8_t>},
    TypeRow{"i16", {1, 2}, false, integers_to_f32<std::int16_t>},
    TypeRow{"i32", {1, 4}, false, integers_to_f32<std::int32_t>},
    TypeRow{"q4_0", {kBlockValues, Q4_0::kBytes}, true, blocks_to_f32<Q4_0>},
    TypeRow{"q4_1", {kBlockValues, Q4_1::kBytes}, true, blocks_to_f32<Q4_1>},
    TypeRow{"q5_0", {kBlockValues, Q5_0::kBytes}, true, blocks_to_f32<Q5_0>},
    TypeRow{"q5_1", {kBlockValues, Q5_1::kBytes}, true, blocks_to_f32<Q5_1>},
    TypeRow{"q8_0", {kBlockValues, Int8Block::kBytes}, true, blocks_to_f32<Int8Block>},
};

const TypeRow& row_of(StoredType type) {
  return kTypes[static_cast<std::size_t>(type)];
}

}  // namespace

StoredBlock block_of(StoredType type) {
  return row_of(type).block;
}

std::string_view to_string(StoredType type) {
  return row_of(type).name;
}

bool is_real(StoredType type) {
  return row_of(type).is_real;
}

std::optional<std::uint64_t> stored_bytes(StoredType type, std::span<const std::int64_t> dims,
                                          std::uint64_t limit) {
  const StoredBlock block = block_of(type);
  const std::int64_t row = dims.empty() ? 1 : dims.back();
  if (row < 1 || static_cast<std::uint64_t>(row) % block.n_values != 0) return std::nullopt;
  const auto n_blocks = static_cast<std::uint64_t>(row) / block.n_values;
  if (n_blocks > limit / block.n_bytes) return std::nullopt;
  std::uint64_t bytes = n_blocks * block.n_bytes;
  for (std::size_t i = 0; i + 1 < dims.size(); ++i) {
    if (dims[i] < 1 || bytes > limit / static_cast<std::uint64_t>(dims[i])) return std::nullopt;
    bytes *= static_cast<std::uint64_t>(dims[i]);
  }
  return bytes;
}

void stored_to_f32(StoredType type, std::span<const std::byte> in, std::span<float> out) {
  assert(in.size() * block_of(type).n_values == out.size() * block_of(type).n_bytes);
  row_of(type).to_f32(in, out);
}

}  // namespace npuwhisper
