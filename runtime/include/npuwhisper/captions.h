// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/api.h>
#include <npuwhisper/result.h>

namespace npuwhisper {

/// The appearance of captions.
enum class CaptionStyle {
  None,       ///< Text is passed on unchanged, with its own times.
  Subtitle,   ///< Two lines of 42 columns, as for subtitles of films and on the web.
  Broadcast,  ///< Two lines of 32 columns, the limit of CEA-608.
  BuildUp,    ///< Two lines of 42 columns that grow as words are spoken. Each caption holds all
              ///< text on the screen, so consecutive captions repeat text. Suitable for overlays,
              ///< not for files.
};

/// The description of a style, for programs that let their users choose a style. The strings are
/// literals.
struct CaptionStyleEntry {
  CaptionStyle style;
  const char* name;         ///< The value in options and properties: "subtitle".
  const char* description;  ///< A phrase in English: "Two lines of 42 columns".
  bool for_files;           ///< Whether subtitle files can have this style.
};

/// Returns an entry for each style, in the order of CaptionStyle. Never fails. Allocates nothing.
NPUWHISPER_API std::span<const CaptionStyleEntry> caption_styles();

/// Returns the style's name.
NPUWHISPER_API std::string_view to_string(CaptionStyle style);
/// Returns the style with this name. Errors: InvalidArgument.
NPUWHISPER_API Result<CaptionStyle> parse_caption_style(std::string_view name);

struct NPUWHISPER_API CaptionLayout {
  CaptionStyle style = CaptionStyle::Subtitle;
  /// Columns of a line, at least kLeastColumns. A full-width character takes two columns, and a
  /// combining character takes no column.
  int columns = 42;
  int lines = 2;  ///< Lines of a caption, at least 1.
  bool upper_case = false;

  static constexpr int kLeastColumns = 8;
  /// Returns the layout of `style`. A positive `columns` or `lines` replaces the style's value.
  /// Zero or a negative number keeps the style's value. Values below the minimum are raised to the
  /// minimum.
  static CaptionLayout of(CaptionStyle style, int columns = 0, int lines = 0);

  bool operator==(const CaptionLayout&) const = default;
};

/// Returns `text` (UTF-8) in upper case by the rules of Unicode and of `language` (Whisper's code;
/// empty: unknown). The result may be longer than `text` (German sharp s becomes "SS"), and in
/// Turkish "i" becomes a dotted capital I. Bytes that are not UTF-8 become U+FFFD.
NPUWHISPER_API std::string upper_case(std::string_view text, std::string_view language);

/// A word, or a longer piece of text, and the time at which it was spoken.
struct SpokenText {
  std::chrono::nanoseconds start{0};
  std::chrono::nanoseconds end{0};
  std::string text;  ///< UTF-8, including the space that separates it from the preceding text.
};

/// The beginning of a word in a caption: its position in the text and its time.
struct CaptionMark {
  std::size_t offset = 0;  ///< Byte offset in the caption's text.
  std::chrono::nanoseconds time{0};
};

struct Caption {
  std::chrono::nanoseconds start{0};
  std::chrono::nanoseconds end{0};  ///< Later than `start`.
  /// End time of the caption's last word; empty if the caption has no new word.
  std::optional<std::chrono::nanoseconds> spoken{};
  std::string text;                ///< Lines, separated by '\n', without spaces at their ends.
  std::vector<CaptionMark> marks;  ///< In ascending order. Empty in style BuildUp.
};

/// Builds readable captions from words as they are spoken. Captions never overlap and never go back
/// in time. No word is lost, and except in style BuildUp no word is repeated.
///
/// Lines and captions end where phrases end: preferably after a sentence, otherwise after
/// punctuation, otherwise before a preposition, conjunction or article. A line or caption ends
/// after a preposition, conjunction or article only if there is no other place to end. No character
/// is split. A caption lasts 5/6 s to 7 s. Within these limits, it lasts as long as a reader needs
/// at 20 columns a second. If the next words begin before the caption ends, the next caption is
/// delayed by at most half a second. If this delay is not enough, the caption is shorter.
/// Sources: Netflix Timed Text Style Guide, General Requirements; BBC Subtitle Guidelines 1.2,
/// sections 3 to 5; EBU-TT-D practice of two lines; 47 CFR 79.1(j)(2) (captions coincide with
/// speech and can be read); Unicode annexes 11, 14 and 29.
///
/// Later words may change the text and the end of a caption. A caption is therefore returned once
/// its text and its end are certain. A caller that cannot wait sets the argument `due` of take().
/// Words must be added in the order of their times. Times are clamped to the range -2^61 to 2^62 ns
/// (-73 to 146 years). Reentrant. Call order: (add | take | flush | flush_before | raise_floor)*,
/// restart() at any time.
class NPUWHISPER_API CaptionMaker {
 public:
  /// Creates a caption maker for any style except CaptionStyle::None, which needs no caption maker.
  static std::unique_ptr<CaptionMaker> create(const CaptionLayout& layout);
  virtual ~CaptionMaker() = default;

  /// Adds words. If a text has several words, its time is divided among them in proportion to their
  /// lengths. `language`: Whisper's code; empty: unknown.
  virtual void add(std::span<const SpokenText> texts, std::string_view language) = 0;
  /// Returns the finished captions. `known`: no word that is added later begins before this time.
  /// `due`: text that begins at or before this time does not wait for later words.
  virtual std::vector<Caption> take(std::chrono::nanoseconds known,
                                    std::optional<std::chrono::nanoseconds> due = {}) = 0;
  /// Returns captions for all remaining text.
  std::vector<Caption> flush() { return flush_before(std::chrono::nanoseconds::max()); }
  /// Returns captions for all remaining text. Use this function if unrelated text begins at `next`.
  /// The captions normally end at or before `next`. They may end up to half a second after `next`,
  /// so that a viewer can read them.
  virtual std::vector<Caption> flush_before(std::chrono::nanoseconds next) = 0;
  /// Returns the start time of the text that was added but not returned yet; empty if all text was
  /// returned.
  virtual std::optional<std::chrono::nanoseconds> pending() const = 0;
  /// Ensures that no later caption starts before `to`.
  virtual void raise_floor(std::chrono::nanoseconds to) = 0;
  /// Discards all text. Later captions may start at `from`, which may be before the last caption.
  virtual void restart(std::chrono::nanoseconds from) = 0;
};

}  // namespace npuwhisper
