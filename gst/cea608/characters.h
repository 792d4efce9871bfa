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
    Extended,  ///< `basic`, which {set, code} then replaces in decoders that know the set.
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
/// The conversion has these steps, in this order: characters are composed (NFC); those in
/// CTA-608-E's sets (basic, special, and the extended sets for Spanish, French, Portuguese, German
/// and Danish) are kept; marks, control characters and zero-width characters are dropped; others
/// are transliterated to ASCII where GLib can (ő to o, … to ...); everything else becomes
/// kReplacement, and so does invalid UTF-8. White space collapses to single spaces, with none at
/// either end. Newlines start a new row; no row is empty.
GlyphText glyphs_of(std::string_view utf8);

inline constexpr Glyph kReplacement{.basic = '?'};
inline constexpr Glyph kSpace{.kind = Glyph::Kind::Space, .basic = ' '};
inline constexpr Glyph kNewRow{.kind = Glyph::Kind::NewRow};

}  // namespace npuwhisper::cea608
