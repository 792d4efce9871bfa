// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "emulator/design.h"

namespace npuwhisper::emu::test {

/// One externally visible action of a core.
struct Observed {
  std::string what;  ///< "acquire", "release", "call NAME", "event"
  npu::TileId tile{};
  int lock = 0;
  std::int64_t value = 0;  ///< The value of a lock operation or an event.
  std::vector<std::int64_t> arguments{};
};

/// Runs a core's program in isolation, on separate memory. Grants and records every lock operation
/// and records calls. Supports integers only: it checks the compiled program, not the emulator's
/// arithmetic.
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
