// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <string_view>

#include "array/array_model.h"

namespace npuwhisper::npu {

/// One field of a descriptor's registers: `width` bits of word `word`, starting at bit `lsb`.
struct Field {
  std::string_view name;
  int word = 0;
  int lsb = 0;
  int width = 0;  ///< 0: this kind of tile has no such field.
};

/// Positions of the fields for one kind of tile. Steps and the iteration's wrap are stored minus
/// one.
struct DescriptorLayout {
  std::string_view name;
  int n_words;
  Field address, address_high, length;
  std::array<Field, 4> wrap, step, zeros_before, zeros_after;
  Field iteration_wrap, iteration_step, iteration_current;
  Field use_next, next, valid;
  Field acquire_enable, acquire_lock, acquire_value, release_lock, release_value;
  Field packet, packet_id, packet_type, suppress_tlast, burst;
  std::array<Field, 2> refused;  ///< Fields of features that are not modelled. Must be zero.
};

/// Returns the layout for tiles of `kind`. Source: AM025.
const DescriptorLayout& descriptor_layout(TileKind kind);

}  // namespace npuwhisper::npu
