// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/descriptor_bank.h"

#include <span>
#include <string>

#include "emulator/array/names.h"

namespace npuwhisper::emu {

DescriptorBank::DescriptorBank(npu::TileId tile, npu::TileKind kind, const npu::ArrayModel& array)
    : tile_(tile),
      kind_(kind),
      array_(array),
      descriptors_(static_cast<std::size_t>(array.limits(kind).n_descriptors)) {}

Result<void> DescriptorBank::declare(int id, const npu::BufferDescriptor& descriptor) {
  const std::string name = "descriptor " + std::to_string(id) + " of " + name_of(tile_);
  if (id < 0 || id >= size()) {
    return fail(ErrorCode::InvalidArgument,
                name + ": the tile has " + std::to_string(size()) + " descriptors");
  }
  auto words = npu::pack(descriptor, kind_, array_);
  if (!words) return fail(ErrorCode::InvalidArgument, name + ": " + words.error().message);
  at(id) = {.words = *words, .decoded = {}, .is_decoded = false, .version = 1};
  return {};
}

std::uint32_t DescriptorBank::word(int id, int index) const {
  return at(id).words[static_cast<std::size_t>(index)];
}

void DescriptorBank::write_word(int id, int index, std::uint32_t value) {
  Entry& entry = at(id);
  entry.words[static_cast<std::size_t>(index)] = value;
  entry.is_decoded = false;
  ++entry.version;
}

Result<npu::BufferDescriptor> DescriptorBank::load(int id) {
  const std::string name = "descriptor " + std::to_string(id) + " of " + name_of(tile_);
  if (id < 0 || id >= size()) {
    return fail(ErrorCode::DeviceError,
                name + ": the tile has " + std::to_string(size()) + " descriptors");
  }
  Entry& entry = at(id);
  if (entry.version == 0) {
    return fail(ErrorCode::DeviceError, name + " is started but was never written");
  }
  if (!entry.is_decoded) {
    const auto n_words = static_cast<std::size_t>(npu::descriptor_words(kind_));
    auto decoded = npu::unpack(std::span(entry.words).first(n_words), kind_, array_);
    if (!decoded) return fail(ErrorCode::DeviceError, name + ": " + decoded.error().message);
    entry.decoded = *decoded;
    entry.is_decoded = true;
  }
  if (!entry.decoded.valid) {
    return fail(ErrorCode::DeviceError, name + " is started but not valid (its valid bit is 0)");
  }
  return entry.decoded;
}

void DescriptorBank::advance_iteration(int id, std::uint64_t version) {
  Entry& entry = at(id);
  if (entry.version != version) return;
  npu::BufferDescriptor& descriptor = entry.decoded;
  if (descriptor.iteration_wrap <= 1) return;
  descriptor.iteration_current = (descriptor.iteration_current + 1) % descriptor.iteration_wrap;
  // Write the counter to the registers. Packing succeeds, because the descriptor was decoded from
  // these registers.
  auto words = npu::pack(descriptor, kind_, array_);
  if (words) entry.words = *words;
}

}  // namespace npuwhisper::emu
