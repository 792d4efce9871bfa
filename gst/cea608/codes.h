// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

#include "byte_pair.h"

namespace npuwhisper::cea608 {

/// The control codes of caption channel 1 (CC1) that captions need, after CTA-608-E. All of them
/// are to be sent twice in a row; a decoder ignores the repetition.

constexpr int kRows = 15;
constexpr int kColumns = 32;

/// Miscellaneous control codes, by their second byte.
enum class Command : std::uint8_t {
  ResumeCaptionLoading = 0x20,     ///< RCL: pop-on; what follows goes to the hidden memory.
  AlarmOff = 0x22,                 ///< AOF: was never used, and is without effect.
  RollUp2 = 0x25,                  ///< RU2, with two rows; 3 and 4 follow.
  RollUp3 = 0x26,                  ///< RU3
  RollUp4 = 0x27,                  ///< RU4
  ResumeDirectCaptioning = 0x29,   ///< RDC: paint-on; what follows is seen at once.
  EraseDisplayedMemory = 0x2c,     ///< EDM
  CarriageReturn = 0x2d,           ///< CR: rolls up by a row.
  EraseNonDisplayedMemory = 0x2e,  ///< ENM
  EndOfCaption = 0x2f,             ///< EOC: shows the hidden memory, hides the shown one.
};
BytePair command(Command command);

/// Preamble address code: row 0 (top) to 14, columns 0 to 28 in steps of four, white.
BytePair preamble(int row, int column);
/// Tab offset: 1 to 3 columns to the right of a preamble's.
BytePair tab_offset(int columns);

}  // namespace npuwhisper::cea608
