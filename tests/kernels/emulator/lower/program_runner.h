// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "emulator/design.h"

namespace npuwhisper::emu::test {

/// What a core did that others would see.
struct Observed {
  std::string what;             ///< "acquire", "release", "call NAME", "event"
  npu::TileId tile{};
  int lock = 0;
  std::int64_t value = 0;       ///< Of a lock or an event.
  std::vector<std::int64_t> arguments{};
};

/// Runs a core's program on memory of its own, alone: locks are granted and noted, calls are noted.
/// Integers only: it checks what a body was compiled to, not the emulator's arithmetic.
class ProgramRunner {
 public:
  explicit ProgramRunner(const Design& design) : design_(design) {}

  std::vector<Observed> run(npu::TileId tile, int max_steps = 100000);
  std::int32_t word(npu::TileId tile, std::uint32_t address);
  void set_word(npu::TileId tile, std::uint32_t address, std::int32_t value);

 private:
  const Design& design_;
  std::map<npu::TileId, std::vector<std::uint8_t>> memories_{};
};

}  // namespace npuwhisper::emu::test
