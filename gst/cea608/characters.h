// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace npuwhisper::cea608 {

/// One column of a caption, as CTA-608-E writes it.
struct Glyph {
  enum class Kind : std::uint8_t {
    Basic,     ///< One byte, `basic`.
    Special,   ///< The two bytes {set, code}.
    Extended,  ///< `basic` for decoders that do not know it, then {set, code}, which replaces it.
    Space,     ///< A basic one, at which a row may end.
    NewRow,    ///< No column: a new row begins here.
  };
  Kind kind = Kind::Basic;
  std::uint8_t basic = 0;
  std::uint8_t set = 0;
  std::uint8_t code = 0;

  bool ends_word() const { return kind == Kind::Space || kind == Kind::NewRow; }
  friend bool operator==(const Glyph&, const Glyph&) = default;
};

/// Text as glyphs. Bad UTF-8 is no error.
///
/// In this order: characters are composed (NFC); those of CTA-608-E's sets (basic, special, and the
/// extended sets for Spanish, French, Portuguese, German and Danish) are taken as they are; others
/// are transliterated to ASCII where GLib can (ő to o, … to ...); marks, control characters and
/// what has no width are dropped; everything else becomes kReplacement, and so does bad UTF-8.
/// White space collapses to single spaces, none at either end; newlines begin a row, none empty.
struct GlyphText {
  std::vector<Glyph> glyphs;
  std::size_t n_replaced = 0;
};
GlyphText glyphs_of(std::string_view utf8);

inline constexpr Glyph kReplacement{.basic = '?'};
inline constexpr Glyph kSpace{.kind = Glyph::Kind::Space, .basic = ' '};
inline constexpr Glyph kNewRow{.kind = Glyph::Kind::NewRow};

}  // namespace npuwhisper::cea608
