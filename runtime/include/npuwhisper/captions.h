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

/// What captions look like.
enum class CaptionStyle {
  None,       ///< The text as it comes, at its own times.
  Subtitle,   ///< Two lines of 42 columns: subtitles of films and on the web.
  Broadcast,  ///< Two lines of 32 columns: what CEA-608 has room for.
  BuildUp,    ///< Two lines of 42 columns that are written as they are spoken. Each caption is what
              ///< the screen shows, so text comes again and again: for overlays, not for files.
};

/// "none", "subtitle", "broadcast", "build-up".
NPUWHISPER_API std::string_view to_string(CaptionStyle style);
/// Errors: InvalidArgument.
NPUWHISPER_API Result<CaptionStyle> parse_caption_style(std::string_view name);

struct NPUWHISPER_API CaptionLayout {
  CaptionStyle style = CaptionStyle::Subtitle;
  int columns =
      42;  ///< At least kLeastColumns. A full-width character takes two, a combining one none.
  int lines = 2;  ///< At least 1.
  bool upper_case = false;

  static constexpr int kLeastColumns = 8;
  /// `columns` and `lines`: 0 for those of the style; fewer than the least are the least.
  static CaptionLayout of(CaptionStyle style, int columns = 0, int lines = 0);

  bool operator==(const CaptionLayout&) const = default;
};

/// `text` (UTF-8) in upper case, as Unicode and `language` (Whisper's code; empty: unknown) have
/// it: text may become longer ("ß", "SS"), and Turkish has a dotted capital i. Bytes that are not
/// UTF-8 become U+FFFD.
NPUWHISPER_API std::string upper_case(std::string_view text, std::string_view language);

/// A word, or more text than that, and when it was said.
struct SpokenText {
  std::chrono::nanoseconds start{0};
  std::chrono::nanoseconds end{0};
  std::string text;  ///< UTF-8, with the space that sets it off from the text before.
};

/// Where in a caption a word begins, and when.
struct CaptionMark {
  std::size_t offset = 0;  ///< In bytes of its text.
  std::chrono::nanoseconds time{0};
};

struct Caption {
  std::chrono::nanoseconds start{0};
  std::chrono::nanoseconds end{0};  ///< > start.
  /// End of its last word; empty where no word of it is new.
  std::optional<std::chrono::nanoseconds> spoken{};
  std::string text;                ///< Lines are separated by '\n'; no space at their ends.
  std::vector<CaptionMark> marks;  ///< Ascending; not in BuildUp.
};

/// Makes captions that can be read out of words as they are said. They never overlap and never go
/// back; no word is lost, and but for BuildUp none comes twice.
///
/// Lines and captions end at phrases: at best behind a sentence, else behind punctuation, else
/// before a preposition, conjunction or article, never behind one if that can be helped; no
/// character is split. A caption lasts 5/6 s to 7 s and long enough to be read at 20 columns a
/// second, as far as the next words leave it time: they are delayed by half a second at most.
/// Sources: Netflix Timed Text Style Guide, General Requirements; BBC Subtitle Guidelines 1.2,
/// sections 3 to 5; EBU-TT-D practice of two lines; 47 CFR 79.1(j)(2) (captions coincide with
/// speech and can be read); Unicode annexes 11, 14 and 29.
///
/// A caption is returned when its text and its end are certain; later words may change both. Who
/// cannot wait says so with `due`. Words must come in the order of their times. A time beyond 2^62
/// ns (146 years), or before -2^61 ns, counts as that. Reentrant. Call order: (add | take | flush |
/// flush_before | raise_floor)*, restart() at any time.
class NPUWHISPER_API CaptionMaker {
 public:
  /// Not for CaptionStyle::None, which needs none.
  static std::unique_ptr<CaptionMaker> create(const CaptionLayout& layout);
  virtual ~CaptionMaker() = default;

  /// `language`: Whisper's code; empty: unknown. A text of several words gets their times by their
  /// lengths.
  virtual void add(std::span<const SpokenText> texts, std::string_view language) = 0;
  /// The captions that are finished. `known`: no later word begins before it. `due`: what begins
  /// by then cannot wait.
  virtual std::vector<Caption> take(std::chrono::nanoseconds known,
                                    std::optional<std::chrono::nanoseconds> due = {}) = 0;
  /// All that is left.
  std::vector<Caption> flush() { return flush_before(std::chrono::nanoseconds::max()); }
  /// The same where other text, which has nothing to do with it, begins at `next`: that is delayed
  /// by half a second at most.
  virtual std::vector<Caption> flush_before(std::chrono::nanoseconds next) = 0;
  /// When the text begins that was added and not returned.
  virtual std::optional<std::chrono::nanoseconds> pending() const = 0;
  /// No caption may start before `to` any more.
  virtual void raise_floor(std::chrono::nanoseconds to) = 0;
  /// Forgets all text; captions may start at `from`, which may be before the last one.
  virtual void restart(std::chrono::nanoseconds from) = 0;
};

}  // namespace npuwhisper
