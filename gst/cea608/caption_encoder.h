// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "byte_pair.h"
#include "caption_parts.h"
#include "characters.h"
#include "pair_writer.h"
#include "wrap.h"

namespace npuwhisper::cea608 {

enum class Mode { PopOn, PaintOn, RollUp2, RollUp3, RollUp4 };

struct Layout {
  Mode mode = Mode::RollUp2;
  /// 0 (top) to 14: the base row of roll-up, the first row of other captions; -1: at the bottom.
  int origin_row = -1;
  /// 0 to 31; rows are that much shorter.
  int origin_column = 0;

  friend bool operator==(const Layout&, const Layout&) = default;
};

/// Since the encoder's creation. May be read from any thread.
struct EncoderCounters {
  std::atomic<std::uint64_t> texts{0};
  std::atomic<std::uint64_t> characters{0};  ///< Columns, spaces among them.
  std::atomic<std::uint64_t> replaced_characters{0};
  std::atomic<std::uint64_t> dropped_characters{0};  ///< See Overload below.
};

/// Timed text in, one byte pair of caption channel CC1 a slot out (CTA-608-E). A slot is an
/// opportunity to send a pair, 24 to 30 a second; all times here are counted in them.
///
/// Roll-up: text runs on in the bottom row, word by word, and wraps into new ones; a newline begins
/// one. It is sent from its start on, a few words at a time if it is long, so that it lasts as long
/// as its duration says, and erased `timeout` after the last of it was sent or has ended. Pop-on:
/// each text is a caption of its own, or more than one if it has more than four rows, which then
/// share its time. Its rows are sent ahead of its start as far as add() was called ahead, and shown
/// all at once at the start. Paint-on: the rows are sent from the start on, and seen as they come;
/// text that begins while the one before is still there goes on in its row, as long as there is
/// room in the caption's rows (two, or as many as its first text has) and neither has rows of its
/// own. Both are erased at their end (paint-on half a second later), or after `timeout` if they
/// have none; a caption that was sent late is shown for a second at least.
///
/// Overload: what finds the channel busy is sent when it is free (43 characters a second in full
/// rows of roll-up at 30 slots). Text that has waited for more than kMaxDelaySeconds is dropped; in
/// roll-up all text whose time has come goes with it, so that the captions are up to date again.
/// Pop-on and paint-on captions whose end has passed before their first pair was sent are dropped.
/// Memory is bounded too: a text has kMaxCharacters at most, the rest is cut; if more than that
/// would wait, the oldest are dropped. All that is counted.
///
/// Reentrant, apart from the counters. Allocates only where there is something to send.
class CaptionEncoder {
 public:
  static constexpr std::uint64_t kMaxDelaySeconds = 10;
  static constexpr std::size_t kMaxCharacters = 2048;

  explicit CaptionEncoder(const Layout& layout = {}) : layout_(layout) {}

  /// For texts that are not being sent yet. A new layout erases what is shown.
  void set_layout(const Layout& layout);
  /// In slots; 0: never.
  void set_timeout(std::uint64_t timeout);
  /// 24 to 30: what a second is.
  void set_slots_per_second(std::uint64_t slots) { second_ = slots; }

  /// Text that starts `wait` slots after the next one and lasts `duration`, if that is known. It
  /// may start before texts that were added earlier.
  void add(std::string_view utf8, std::uint64_t wait, std::optional<std::uint64_t> duration);
  /// The pair of the next slot.
  BytePair next();
  /// No more text will come: what is shown without an end is erased after a second.
  void finish();
  /// Forgets all texts, and erases what is shown.
  void reset();
  /// Nothing to send or erase: next() gives padding until text is added.
  bool idle() const { return waiting_.empty() && sending_.empty() && !erase_at_ && !stale_; }

  const EncoderCounters& counters() const { return counters_; }

 private:
  bool rolls_up() const;
  int width() const { return kColumns - layout_.origin_column; }
  void enqueue(const Caption& text);
  void drop_front();
  void drop_late();
  void begin_next();
  void send_roll_up(const Caption& caption);
  void send_pop_on(const Caption& caption);
  void send_paint_on(const Caption& caption);
  bool needs_space(const Caption& caption) const;
  std::vector<Row> go_on(const Caption& caption) const;
  void write_rest_of_row(PairWriter& writer, const Row& rest, const Caption& caption);
  std::vector<Row> rows_of(const Caption& caption) const;
  int first_row(int n_rows) const;
  void write_rows(PairWriter& writer, std::span<const Row> rows, int first);
  bool erase_is_due() const;
  void erase();
  void sent();
  std::optional<std::uint64_t> erase_time() const;

  Layout layout_;
  std::uint64_t timeout_ = 0;
  std::uint64_t second_ = 30;
  std::uint64_t now_ = 0;  // The next slot.
  bool finishing_ = false;

  std::deque<Caption> waiting_;  // By text_start.
  std::size_t n_waiting_ = 0;    // Characters.
  std::deque<QueuedPair> sending_;
  std::uint64_t show_at_ = 0;  // Of the caption in sending_, pop-on.

  bool on_screen_ = false;
  bool stale_ = false;  // What is shown is to be erased before anything else.
  std::optional<std::uint64_t> erase_at_;
  std::uint64_t last_sent_ = 0;            // When the last text was, and
  std::optional<std::uint64_t> last_end_;  // its end.
  int column_ = 0;                         // Of the row that is open, from the origin; 0: none is.
  int row_ = 0;                            // That row, in paint-on, and
  int last_row_ = 0;                       // the last one that its caption may have.

  EncoderCounters counters_;
};

}  // namespace npuwhisper::cea608
