// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "aie_api/emulation/types.h"

/// This header defines access to the tile's control registers and clock, under the names of aie_api
/// and of the intrinsics.

__aie_inline inline void set_rnd(unsigned mode) {
  npuwhisper_core_state.rounding = mode;
}
__aie_inline inline unsigned get_rnd() {
  return npuwhisper_core_state.rounding;
}
__aie_inline inline void set_satmode(unsigned mode) {
  npuwhisper_core_state.saturation = mode;
}
__aie_inline inline unsigned get_satmode() {
  return npuwhisper_core_state.saturation;
}
__aie_inline inline void set_sat() {
  set_satmode(1);
}
__aie_inline inline void clr_sat() {
  set_satmode(0);
}
__aie_inline inline unsigned get_coreid() {
  return npuwhisper_core_state.core_id;
}
__aie_inline inline std::uint64_t get_cycles() {
  return npuwhisper_core_state.cycles;
}

namespace aie {

struct tile_id {
  std::uint16_t row;
  std::uint16_t col;
};

class tile {
 public:
  __aie_inline static tile current() { return {}; }
  __aie_inline tile_id global_id() const {
    const unsigned id = get_coreid();
    return {static_cast<std::uint16_t>(id & 0x1f), static_cast<std::uint16_t>(id >> 16 & 0x7f)};
  }
  /// Returns the core's position. Row 0 is the lowest core row; the rows of shims and memory tiles
  /// are not counted.
  __aie_inline tile_id id() const {
    const tile_id global = global_id();
    return {static_cast<std::uint16_t>(global.row - 2), global.col};
  }
  __aie_inline std::uint64_t cycles() const { return get_cycles(); }
  __aie_inline void set_saturation(saturation_mode m) { set_satmode(static_cast<unsigned>(m)); }
  __aie_inline saturation_mode get_saturation() const {
    return static_cast<saturation_mode>(get_satmode());
  }
  __aie_inline void set_rounding(rounding_mode m) { set_rnd(static_cast<unsigned>(m)); }
  __aie_inline rounding_mode get_rounding() const { return static_cast<rounding_mode>(get_rnd()); }
};

__aie_inline inline void set_rounding(rounding_mode m) {
  tile::current().set_rounding(m);
}
__aie_inline inline rounding_mode get_rounding() {
  return tile::current().get_rounding();
}
__aie_inline inline rounding_mode swap_rounding(rounding_mode m) {
  const rounding_mode old = get_rounding();
  set_rounding(m);
  return old;
}
__aie_inline inline void set_saturation(saturation_mode m) {
  tile::current().set_saturation(m);
}
__aie_inline inline saturation_mode get_saturation() {
  return tile::current().get_saturation();
}
__aie_inline inline saturation_mode swap_saturation(saturation_mode m) {
  const saturation_mode old = get_saturation();
  set_saturation(m);
  return old;
}

}  // namespace aie
