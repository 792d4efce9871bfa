// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

namespace npuwhisper::emu::scripted {

/// The operation of a run of the scripted array. It is the first word of the instruction stream.
enum class Operation : std::uint32_t {
  AddOne = 1,  ///< argument 1 [i] = argument 0 [i] + 1; the second word is the number of words.
  Fail = 2,
  Hang = 3,
  Sleep = 4,  ///< Sleeps; the second word is the time in milliseconds.
  Count = 5,  ///< argument 0 [0] = the number of Count runs since the image was loaded.
};

}  // namespace npuwhisper::emu::scripted
