// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include <npuwhisper/error.h>

namespace npuwhisper::emu {

/// The exception that refuses a text, with the reason. The parser and the lowering throw it from
/// many places deep in their recursion. lower() and parse_module() convert the exception to a
/// failed Result, so it never reaches their callers.
struct Refusal {
  Error error;
};

/// Refuses text that breaks a rule of the language, a limit of the array or a rule of aiecc. `line`
/// is 1-based, or 0 for no particular line.
[[noreturn]] void refuse(int line, const std::string& message);

/// Refuses a construct that may be valid, but that the emulator does not model.
[[noreturn]] void refuse_unmodelled(int line, const std::string& construct);

}  // namespace npuwhisper::emu
