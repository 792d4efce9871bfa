// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include <npuwhisper/error.h>

namespace npuwhisper::emu {

/// Why a text is refused. Thrown inside the reader and the lowering only, hundreds of places deep
/// in recursion; lower() and parse_module() turn it into a failed Result. It never leaves them.
struct Refusal {
  Error error;
};

/// The text breaks a rule of the language, a limit of the array or a rule of aiecc's.
/// `line` is 1-based; 0: of no particular line.
[[noreturn]] void refuse(int line, const std::string& message);

/// The construct may be right, but the emulator does not model it.
[[noreturn]] void refuse_unmodelled(int line, const std::string& construct);

}  // namespace npuwhisper::emu
