// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace npuwhisper::cea608 {

/// One column of a caption as CTA-608-E encodes it, or the start of a new row.
struct Glyph {
  enum class Kind : std::uint8_t {
    Basic,     ///< One byte, `basic`.
    Special,   ///< The two bytes {set, code}.
    Extended,  ///< `basic`, then {set, code}, which replaces `basic` if a decoder knows the set.
    Space,     ///< A basic character at which a row may end.
    NewRow,    ///< No column: starts a new row.
  };
  Kind kind = Kind::Basic;
  std::uint8_t basic = 0;
  std::uint8_t set = 0;
  std::uint8_t code = 0;

  bool ends_word() const { return kind == Kind::Space || kind == Kind::NewRow; }
  friend bool operator==(const Glyph&, const Glyph&) = default;
};

/// A text as glyphs.
struct GlyphText {
  std::vector<Glyph> glyphs;
  std::size_t n_replaced = 0;  ///< The number of characters that became kReplacement.
};
/// Converts text to glyphs. Invalid UTF-8 is not an error. Reentrant.
///
/// The conversion has these steps, in this order:
///   - Composes characters (NFC).
///   - Keeps the characters of CTA-608-E's sets: basic, special, and the extended sets for Spanish,
///     French, Portuguese, German and Danish.
///   - Drops marks, control characters, zero-width characters and soft hyphens.
///   - Transliterates other characters to ASCII where GLib can (ő to o, … to ...).
///   - Converts the remaining characters and invalid UTF-8 to kReplacement.
/// White space collapses to single spaces, and is dropped at both ends. Newlines start a new row.
/// No row is empty.
GlyphText glyphs_of(std::string_view utf8);

inline constexpr Glyph kReplacement{.basic = '?'};
inline constexpr Glyph kSpace{.kind = Glyph::Kind::Space, .basic = ' '};
inline constexpr Glyph kNewRow{.kind = Glyph::Kind::NewRow};

}  // namespace npuwhisper::cea608
