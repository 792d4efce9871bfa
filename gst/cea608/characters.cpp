// SPDX-License-Identifier: LGPL-2.1-or-later
#include "characters.h"

#include <glib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

namespace npuwhisper::cea608 {
namespace {

struct GFree {
  void operator()(gchar* text) const { g_free(text); }
};
using Utf8Ptr = std::unique_ptr<gchar, GFree>;

constexpr gunichar kNoBreakSpace = 0xa0;
constexpr gunichar kSoftHyphen = 0xad;

// A character of the basic set whose byte means another character in ASCII.
struct BasicCharacter {
  char32_t character;
  std::uint8_t byte;
};
constexpr std::array<BasicCharacter, 10> kBasicReplacements = {{{U'á', 0x2a},
                                                                {U'é', 0x5c},
                                                                {U'í', 0x5e},
                                                                {U'ó', 0x5f},
                                                                {U'ú', 0x60},
                                                                {U'ç', 0x7b},
                                                                {U'÷', 0x7c},
                                                                {U'Ñ', 0x7d},
                                                                {U'ñ', 0x7e},
                                                                {U'█', 0x7f}}};

// A set of two-byte characters. Their codes count up from `first_code`. A decoder that does not
// know the set shows `fallbacks`. kNoCharacter marks the two codes that are never used for text: a
// transparent space (special 0x39) and a second apostrophe (extended 0x29).
constexpr char32_t kNoCharacter = 0xffff;
struct TwoByteSet {
  Glyph::Kind kind;
  std::uint8_t set;
  std::uint8_t first_code;
  std::u32string_view characters;
  std::string_view fallbacks;
};
constexpr std::array<TwoByteSet, 3> kTwoByteSets = {{
    {Glyph::Kind::Special, 0x11, 0x30, U"®°½¿™¢£♪à\uffffèâêîôû", ""},
    {Glyph::Kind::Extended, 0x12, 0x20, U"ÁÉÓÚÜü‘¡*\uffff—©℠•“”ÀÂÇÈÊËëÎÏïÔÙùÛ«»",
     "AEOUUu'!x'-cs.\"\"AACEEEeIIiOUuU\"\""},
    {Glyph::Kind::Extended, 0x13, 0x20, U"ÃãÍÌìÒòÕõ{}\\^_|~ÄäÖöß¥¤¦ÅåØø┌┐└┘",
     "AaIIiOoOo()/'-!-AaOosYo!AaOo++++"},
}};
static_assert(std::all_of(kTwoByteSets.begin(), kTwoByteSets.end(), [](const TwoByteSet& set) {
  return set.kind == Glyph::Kind::Special || set.characters.size() == set.fallbacks.size();
}));

bool is_ascii_in_basic_set(gunichar c) {
  if (c < 0x20 || c > 0x7a) return false;
  return std::none_of(kBasicReplacements.begin(), kBasicReplacements.end(),
                      [&](const BasicCharacter& entry) { return entry.byte == c; });
}

std::optional<Glyph> glyph_of(gunichar c) {
  if (is_ascii_in_basic_set(c)) return Glyph{.basic = static_cast<std::uint8_t>(c)};
  for (const BasicCharacter& entry : kBasicReplacements) {
    if (entry.character == c) return Glyph{.basic = entry.byte};
  }
  for (const TwoByteSet& set : kTwoByteSets) {
    const std::size_t index = set.characters.find(static_cast<char32_t>(c));
    if (index == std::u32string_view::npos || c == kNoCharacter) continue;
    Glyph glyph{.kind = set.kind, .set = set.set};
    glyph.code = static_cast<std::uint8_t>(set.first_code + index);
    if (set.kind == Glyph::Kind::Extended) {
      glyph.basic = static_cast<std::uint8_t>(set.fallbacks[index]);
    }
    return glyph;
  }
  return std::nullopt;
}

// Collects glyphs. Reduces each run of white space to one glyph, and drops white space at both
// ends.
class Collector {
 public:
  void put(Glyph glyph) {
    if (pending_ && !text_.glyphs.empty()) text_.glyphs.push_back(*pending_);
    pending_.reset();
    text_.glyphs.push_back(glyph);
  }
  void space() {
    if (!pending_) pending_ = kSpace;
  }
  void new_row() { pending_ = kNewRow; }
  void replacement() {
    put(kReplacement);
    ++text_.n_replaced;
  }
  GlyphText take() { return std::move(text_); }

 private:
  GlyphText text_;
  std::optional<Glyph> pending_;
};

// Adds the ASCII transliteration of `c`, or kReplacement if GLib has no transliteration. In the
// locale C, GLib writes only ASCII, and '?' for unknown characters.
void transliterate(gunichar c, Collector& out) {
  gchar utf8[7] = {};
  g_unichar_to_utf8(c, utf8);
  const Utf8Ptr ascii(g_str_to_ascii(utf8, "C"));
  const std::string_view text(ascii.get());
  if (text.find('?') != std::string_view::npos) {
    out.replacement();
    return;
  }
  for (const char letter : text) {
    if (g_ascii_isspace(letter)) {
      out.space();
    } else if (const auto glyph = glyph_of(static_cast<guchar>(letter))) {
      out.put(*glyph);
    }
  }
}

void put(gunichar c, Collector& out) {
  if (c == '\n' || c == 0x0b || c == 0x0c || c == 0x85 || c == 0x2028 || c == 0x2029) {
    out.new_row();
  } else if (c == kNoBreakSpace) {
    out.put(Glyph{.basic = ' '});
  } else if (g_unichar_isspace(c)) {
    out.space();
  } else if (const auto glyph = glyph_of(c)) {
    out.put(*glyph);
  } else if (g_unichar_iscntrl(c) || g_unichar_ismark(c) || g_unichar_iszerowidth(c) ||
             c == kSoftHyphen) {
    return;
  } else {
    transliterate(c, out);
  }
}

}  // namespace

GlyphText glyphs_of(std::string_view utf8) {
  const Utf8Ptr valid(g_utf8_make_valid(utf8.data(), static_cast<gssize>(utf8.size())));
  const Utf8Ptr composed(g_utf8_normalize(valid.get(), -1, G_NORMALIZE_NFC));
  Collector out;
  for (const gchar* p = composed.get(); *p != '\0'; p = g_utf8_next_char(p)) {
    put(g_utf8_get_char(p), out);
  }
  return out.take();
}

}  // namespace npuwhisper::cea608
