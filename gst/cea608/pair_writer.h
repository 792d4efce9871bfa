// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>

#include "byte_pair.h"
#include "characters.h"
#include "codes.h"

namespace npuwhisper::cea608 {

/// A pair to be sent, with its constraints.
struct QueuedPair {
  BytePair pair{};
  /// True if this pair must be sent directly after the previous pair. It repeats the previous pair,
  /// or it is an extended character that replaces the basic character in the previous pair.
  bool joined = false;
  /// True for the first End Of Caption code of a caption, which must not be sent before the
  /// caption's start.
  bool shows = false;
};

/// Packs codes and characters into pairs: two basic characters per pair, and two equal pairs for
/// each code and each other character.
///
/// Writes Alarm Off, which all decoders ignore, between two equal special characters, because many
/// decoders treat any number of equal codes in a row as one.
class PairWriter {
 public:
  explicit PairWriter(std::deque<QueuedPair>& out) : out_(out) {}

  void command(Command code);
  /// Moves to `row` and `column`: writes a preamble and, if `column` is not a multiple of four, a
  /// tab offset.
  void move_to(int row, int column);
  void text(std::span<const Glyph> glyphs);
  /// Writes End Of Caption; its first pair is marked `shows`.
  void show();
  /// Completes a pair that has only one character. Must be called last.
  void finish();

 private:
  void special(BytePair pair);
  void twice(BytePair pair, bool joined = false);
  void byte(std::uint8_t basic);

  std::deque<QueuedPair>& out_;
  std::optional<std::uint8_t> half_;
};

}  // namespace npuwhisper::cea608
