// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

namespace npuwhisper::emu::scripted {

/// The first instruction word says what a run of the scripted array does.
enum class Operation : std::uint32_t {
  AddOne = 1,  ///< argument 1 [i] = argument 0 [i] + 1, for as many words as the second word says.
  Fail = 2,
  Hang = 3,
  Sleep = 4,  ///< For as many milliseconds as the second word says.
  Count = 5,  ///< argument 0 [0] = how often this was run since the image was loaded.
};

}  // namespace npuwhisper::emu::scripted
