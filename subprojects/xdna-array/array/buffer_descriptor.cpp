// SPDX-License-Identifier: LGPL-2.1-or-later
#include "array/buffer_descriptor.h"

#include <string>

#include "array/descriptor_layout.h"

namespace npuwhisper::npu {
namespace {

// This value of AXCACHE allows the NoC to widen accesses. mlir-aie writes the same value.
constexpr std::uint32_t kAxCache = 2;
constexpr int kAxCacheWord = 5;
constexpr int kAxCacheLsb = 24;

constexpr std::uint32_t mask_of(int width) {
  return width >= 32 ? 0xffffffffU : (1U << width) - 1U;
}

/// Packs fields into the words of a descriptor. take() returns the words, or the first error.
class Packer {
 public:
  explicit Packer(std::string_view tile) : tile_(tile) {}

  void put(const Field& field, std::uint64_t value) {
    if (field.width == 0) return;
    require(field.name, value, 0, mask_of(field.width));
    words_[static_cast<std::size_t>(field.word)] |=
        (static_cast<std::uint32_t>(value) & mask_of(field.width)) << field.lsb;
  }
  void put_signed(const Field& field, std::int32_t value) {
    const std::int64_t limit = std::int64_t{1} << (field.width - 1);
    if (value < -limit || value >= limit) {
      refuse(field.name, std::to_string(value),
             std::to_string(-limit) + ".." + std::to_string(limit - 1));
    }
    words_[static_cast<std::size_t>(field.word)] |=
        (static_cast<std::uint32_t>(value) & mask_of(field.width)) << field.lsb;
  }
  /// Writes `value` - 1.
  void put_less_one(const Field& field, std::uint32_t value) {
    if (field.width == 0) return;
    require(field.name, value, 1, std::uint64_t{mask_of(field.width)} + 1);
    words_[static_cast<std::size_t>(field.word)] |= ((value - 1) & mask_of(field.width))
                                                    << field.lsb;
  }
  void require(std::string_view field, std::uint64_t value, std::uint64_t least,
               std::uint64_t most) {
    if (value < least || value > most) {
      refuse(field, std::to_string(value), std::to_string(least) + ".." + std::to_string(most));
    }
  }
  void refuse(std::string_view field, const std::string& value, const std::string& wanted) {
    if (!refusal_.empty()) return;
    refusal_ = std::string(tile_) + " descriptor: " + std::string(field) + " is " + value +
               ", expected " + wanted;
  }
  Result<std::array<std::uint32_t, 8>> take() const {
    if (!refusal_.empty()) return fail(ErrorCode::InvalidArgument, refusal_);
    return words_;
  }

 private:
  std::string_view tile_;
  std::array<std::uint32_t, 8> words_{};
  std::string refusal_{};
};

std::uint32_t get(std::span<const std::uint32_t> words, const Field& field) {
  if (field.width == 0) return 0;
  return words[static_cast<std::size_t>(field.word)] >> field.lsb & mask_of(field.width);
}

std::int32_t get_signed(std::span<const std::uint32_t> words, const Field& field) {
  const std::uint32_t value = get(words, field);
  const std::uint32_t sign = 1U << (field.width - 1);
  return static_cast<std::int32_t>(value ^ sign) - static_cast<std::int32_t>(sign);
}

std::uint32_t max_burst(const ArrayModel& array) {
  return array.generation == Generation::Aie2 ? 256 : 512;
}

void put_dims(Packer& packer, const DescriptorLayout& layout, const BufferDescriptor& d,
              int n_dims) {
  for (std::size_t i = 0; i < d.dims.size(); ++i) {
    const DescriptorDim& dim = d.dims[i];
    const std::string number = std::to_string(i);
    packer.put(layout.wrap[i], dim.wrap);
    if (layout.wrap[i].width == 0 && dim.wrap != 0) {
      packer.refuse("wrap of dimension " + number, std::to_string(dim.wrap),
                    static_cast<int>(i) < n_dims
                        ? "0 (the outermost dimension ends with the length)"
                        : "0 (there is no such dimension)");
    }
    packer.put_less_one(layout.step[i], dim.step);
    if (layout.step[i].width == 0) packer.require("step of dimension " + number, dim.step, 1, 1);
    packer.put(layout.zeros_before[i], dim.zeros_before);
    packer.put(layout.zeros_after[i], dim.zeros_after);
    if (layout.zeros_before[i].width == 0) {
      packer.require("zeros before dimension " + number, dim.zeros_before, 0, 0);
      packer.require("zeros after dimension " + number, dim.zeros_after, 0, 0);
    }
  }
}

void put_address(Packer& packer, TileKind kind, const DescriptorLayout& layout,
                 const BufferDescriptor& d) {
  if (d.address % 4 != 0) {
    packer.refuse("address", std::to_string(d.address), "a multiple of 4 bytes");
  }
  if (kind == TileKind::Shim) {
    packer.require("address", d.address, 0, (std::uint64_t{1} << 48) - 4);
    packer.put(layout.address, (d.address & 0xffffffffU) >> 2);
    packer.put(layout.address_high, d.address >> 32 & 0xffffU);
    return;
  }
  packer.require("address", d.address, 0, std::uint64_t{mask_of(layout.address.width)} * 4);
  packer.put(layout.address, d.address / 4 & mask_of(layout.address.width));
}

}  // namespace

Result<std::array<std::uint32_t, 8>> pack(const BufferDescriptor& d, TileKind kind,
                                          const ArrayModel& array) {
  const DescriptorLayout& layout = descriptor_layout(kind);
  const TileLimits& limits = array.limits(kind);
  Packer packer(layout.name);
  put_address(packer, kind, layout, d);
  packer.put(layout.length, d.length);
  put_dims(packer, layout, d, limits.n_dims);
  packer.put_less_one(layout.iteration_wrap, d.iteration_wrap);
  packer.put_less_one(layout.iteration_step, d.iteration_step);
  packer.put(layout.iteration_current, d.iteration_current);
  packer.put(layout.valid, d.valid);
  packer.put(layout.use_next, d.use_next);
  packer.require("next descriptor", d.next, 0, static_cast<unsigned>(limits.n_descriptors) - 1);
  packer.put(layout.next, d.next);
  packer.put(layout.acquire_enable, d.acquire_enable);
  packer.put(layout.acquire_lock, d.acquire_lock);
  packer.put_signed(layout.acquire_value, d.acquire_value);
  packer.put(layout.release_lock, d.release_lock);
  packer.put_signed(layout.release_value, d.release_value);
  packer.put(layout.packet, d.packet);
  packer.put(layout.packet_id, d.packet_id);
  packer.put(layout.packet_type, d.packet_type);
  packer.put(layout.suppress_tlast, d.suppress_tlast);
  if (kind != TileKind::Shim) {
    packer.require("burst length", d.burst_bytes, 0, 0);
    return packer.take();
  }
  const std::uint32_t burst = d.burst_bytes == 0 ? max_burst(array) : d.burst_bytes;
  std::uint32_t code = 0;
  while (code < 4 && 64U << code != burst) ++code;
  if (code == 4 || burst > max_burst(array)) {
    packer.refuse("burst length", std::to_string(burst),
                  "64, 128, 256" + std::string(max_burst(array) == 512 ? " or 512" : ""));
  } else {
    packer.put(layout.burst, code);
  }
  packer.put({"AXCACHE", kAxCacheWord, kAxCacheLsb, 4}, kAxCache);
  return packer.take();
}

Result<BufferDescriptor> unpack(std::span<const std::uint32_t> words, TileKind kind,
                                const ArrayModel& array) {
  const DescriptorLayout& layout = descriptor_layout(kind);
  if (words.size() != static_cast<std::size_t>(layout.n_words)) {
    return fail(ErrorCode::InvalidArgument,
                std::string(layout.name) + " descriptor: " + std::to_string(words.size()) +
                    " words, expected " + std::to_string(layout.n_words));
  }
  for (const Field& field : layout.refused) {
    if (const std::uint32_t value = get(words, field); value != 0) {
      return fail(ErrorCode::Unsupported, std::string(layout.name) +
                                              " descriptor: " + std::string(field.name) + " is " +
                                              std::to_string(value) + ", which is not modelled");
    }
  }
  BufferDescriptor d;
  d.address = std::uint64_t{get(words, layout.address)} * 4 +
              (std::uint64_t{get(words, layout.address_high)} << 32);
  d.length = get(words, layout.length);
  for (std::size_t i = 0; i < d.dims.size(); ++i) {
    d.dims[i].wrap = get(words, layout.wrap[i]);
    d.dims[i].step = get(words, layout.step[i]) + 1;
    d.dims[i].zeros_before = get(words, layout.zeros_before[i]);
    d.dims[i].zeros_after = get(words, layout.zeros_after[i]);
  }
  d.iteration_wrap = get(words, layout.iteration_wrap) + 1;
  d.iteration_step = get(words, layout.iteration_step) + 1;
  d.iteration_current = get(words, layout.iteration_current);
  d.valid = get(words, layout.valid) != 0;
  d.use_next = get(words, layout.use_next) != 0;
  d.next = get(words, layout.next);
  if (d.use_next && d.next >= static_cast<unsigned>(array.limits(kind).n_descriptors)) {
    return fail(ErrorCode::InvalidArgument, std::string(layout.name) +
                                                " descriptor: next descriptor is " +
                                                std::to_string(d.next) + ", expected less than " +
                                                std::to_string(array.limits(kind).n_descriptors));
  }
  d.acquire_enable = get(words, layout.acquire_enable) != 0;
  d.acquire_lock = get(words, layout.acquire_lock);
  d.acquire_value = get_signed(words, layout.acquire_value);
  d.release_lock = get(words, layout.release_lock);
  d.release_value = get_signed(words, layout.release_value);
  d.packet = get(words, layout.packet) != 0;
  d.packet_id = get(words, layout.packet_id);
  d.packet_type = get(words, layout.packet_type);
  d.suppress_tlast = get(words, layout.suppress_tlast) != 0;
  if (kind == TileKind::Shim) {
    d.burst_bytes = 64U << get(words, layout.burst);
    if (d.burst_bytes > max_burst(array)) {
      return fail(ErrorCode::InvalidArgument,
                  "shim descriptor: burst length is " + std::to_string(d.burst_bytes) +
                      ", expected at most " + std::to_string(max_burst(array)));
    }
  }
  return d;
}

int descriptor_words(TileKind kind) {
  return descriptor_layout(kind).n_words;
}

}  // namespace npuwhisper::npu
