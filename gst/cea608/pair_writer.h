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

/// A pair on its way, and what binds it.
struct QueuedPair {
  BytePair pair{};
  /// Must come right after the one before: a repetition, or what replaces a character.
  bool joined = false;
  /// The End Of Caption that shows a caption: waits for the caption's time.
  bool shows = false;
};

/// Packs codes and characters into pairs: characters two by two, codes twice and on their own.
///
/// Between two special characters that are the same goes Alarm Off, which all decoders ignore: many
/// of them take any number of the same code in a row for one.
class PairWriter {
 public:
  explicit PairWriter(std::deque<QueuedPair>& out) : out_(out) {}

  void command(Command code);
  /// Moves to `row`, `column`: a preamble and, between its steps, a tab offset.
  void move_to(int row, int column);
  void text(std::span<const Glyph> glyphs);
  /// The End Of Caption, marked as the one that shows.
  void show();
  /// Sends a character that still waits for another; to be called last.
  void finish();

 private:
  void special(BytePair pair);
  void twice(BytePair pair, bool joined = false);
  void byte(std::uint8_t basic);

  std::deque<QueuedPair>& out_;
  std::optional<std::uint8_t> half_;
};

}  // namespace npuwhisper::cea608
