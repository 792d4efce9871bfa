// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

#include "byte_pair.h"

namespace npuwhisper::cea608 {

// The rows, columns and control codes of caption channel 1 (CC1), according to CTA-608-E. Each
// control code must be sent twice in a row. A decoder ignores the repetition.

constexpr int kRows = 15;
constexpr int kColumns = 32;

/// Miscellaneous control codes, by their second byte.
enum class Command : std::uint8_t {
  ResumeCaptionLoading = 0x20,     ///< RCL: pop-on; further text is stored in the hidden memory.
  AlarmOff = 0x22,                 ///< AOF: decoders ignore this code.
  RollUp2 = 0x25,                  ///< RU2: roll-up with two rows.
  RollUp3 = 0x26,                  ///< RU3: roll-up with three rows.
  RollUp4 = 0x27,                  ///< RU4: roll-up with four rows.
  ResumeDirectCaptioning = 0x29,   ///< RDC: paint-on; further text is visible immediately.
  EraseDisplayedMemory = 0x2c,     ///< EDM: erases the text on screen.
  CarriageReturn = 0x2d,           ///< CR: rolls up by one row.
  EraseNonDisplayedMemory = 0x2e,  ///< ENM: erases the hidden memory.
  EndOfCaption = 0x2f,             ///< EOC: exchanges the hidden memory and the memory on screen.
};
/// Returns the code of `command`.
BytePair command(Command command);

/// Returns the preamble address code for white text at row 0 (top) to 14, column 0 to 28 in steps
/// of four.
BytePair preamble(int row, int column);
/// Returns the tab offset code, which moves 1 to 3 columns to the right of a preamble's column.
BytePair tab_offset(int columns);

}  // namespace npuwhisper::cea608
