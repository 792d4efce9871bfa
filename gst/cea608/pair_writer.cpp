// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pair_writer.h"

#include <utility>

namespace npuwhisper::cea608 {

void PairWriter::command(Command code) {
  finish();
  twice(cea608::command(code));
}

void PairWriter::move_to(int row, int column) {
  finish();
  twice(preamble(row, column - column % 4));
  if (column % 4 != 0) twice(tab_offset(column % 4));
}

void PairWriter::text(std::span<const Glyph> glyphs) {
  for (const Glyph& glyph : glyphs) {
    switch (glyph.kind) {
      case Glyph::Kind::Basic:
      case Glyph::Kind::Space:
        byte(glyph.basic);
        break;
      case Glyph::Kind::Special:
        special(pair_of(glyph.set, glyph.code));
        break;
      case Glyph::Kind::Extended:
        byte(glyph.basic);
        finish();
        twice(pair_of(glyph.set, glyph.code), true);
        break;
      case Glyph::Kind::NewRow:
        break;
    }
  }
}

void PairWriter::show() {
  finish();
  twice(cea608::command(Command::EndOfCaption));
  out_[out_.size() - 2].shows = true;
}

void PairWriter::finish() {
  if (half_) out_.push_back({.pair = pair_of(*std::exchange(half_, std::nullopt), 0)});
}

void PairWriter::special(BytePair pair) {
  finish();
  if (!out_.empty() && out_.back().pair == pair) command(Command::AlarmOff);
  twice(pair);
}

void PairWriter::twice(BytePair pair, bool joined) {
  out_.push_back({.pair = pair, .joined = joined});
  out_.push_back({.pair = pair, .joined = true});
}

void PairWriter::byte(std::uint8_t basic) {
  if (half_) {
    out_.push_back({.pair = pair_of(*std::exchange(half_, std::nullopt), basic)});
  } else {
    half_ = basic;
  }
}

}  // namespace npuwhisper::cea608
