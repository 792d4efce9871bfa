// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

namespace npuwhisper::npu {

/// Operation codes of the transaction encoding. Source: aie-rt, XAie_TxnOpcode.
enum Opcode : std::uint32_t {
  kWrite = 0,
  kBlockWrite = 1,
  kMaskWrite = 3,
  kMaskPoll = 4,
  kNoop = 5,
  kPreempt = 6,
  kLoadPdi = 8,
  kTaskCompleteToken = 0x80,
  kDdrPatch = 0x81,
};

inline constexpr std::uint32_t kHeaderWords = 4;
inline constexpr std::uint32_t kMemTileRows = 1;

}  // namespace npuwhisper::npu
