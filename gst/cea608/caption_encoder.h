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
  /// The base row of roll-up captions or the first row of other captions, 0 (top) to 14. -1 places
  /// captions at the bottom.
  int origin_row = -1;
  /// The first column of rows, 0 to 31. Rows are shorter by this number of columns.
  int origin_column = 0;

  friend bool operator==(const Layout&, const Layout&) = default;
};

/// Counters since the encoder's creation. Thread-safe.
struct EncoderCounters {
  std::atomic<std::uint64_t> texts{0};
  std::atomic<std::uint64_t> characters{0};  ///< Of all texts, with spaces and new rows.
  std::atomic<std::uint64_t> replaced_characters{0};
  std::atomic<std::uint64_t> dropped_characters{0};  ///< Characters that were too late or too many.
};

/// Encodes timed text into byte pairs of caption channel CC1, one per slot (CTA-608-E). A slot is
/// an opportunity to send a pair; there are at most 30 per second. Functions take times in slots.
///
/// In roll-up mode, text continues in the base row, word by word, and wraps into new rows; a
/// newline starts a new row. Sending begins at the start of a text. A long text is sent a few words
/// at a time, over its whole duration. Text is erased `timeout` after it was sent or has ended,
/// whichever is later.
///
/// In pop-on mode, each text is a caption of its own. A text of more than four rows becomes several
/// captions that share the text's time. The rows of a caption are sent to the decoder's hidden
/// memory as soon as the channel is free after add(), and are shown together at the caption's
/// start.
///
/// In paint-on mode, sending begins at the text's start, and the rows become visible as they
/// arrive. Text that starts while the previous text is still on screen continues in the same row,
/// if neither text contains newlines and the caption has room. A paint-on caption has room for two
/// rows, or for more if its first text has more.
///
/// Pop-on captions are erased at their end, and paint-on captions half a second later. Captions
/// without an end are erased after `timeout`. A caption that was sent late is shown for at least
/// one second.
///
/// Overload: if the channel is busy, text waits until it is free. Roll-up with full rows carries 43
/// characters per second at 30 slots per second. Text that is more than kMaxDelaySeconds late is
/// dropped. In roll-up mode, all other text that has begun is dropped too, so that the captions
/// catch up. Pop-on and paint-on captions whose end has passed before their first pair was sent are
/// dropped. Memory is bounded too. A text longer than kMaxCharacters is truncated. If more than
/// kMaxCharacters would wait, the earliest texts are dropped. All dropped characters are counted.
///
/// Reentrant; the counters are thread-safe. Allocates only if there is something to send.
class CaptionEncoder {
 public:
  static constexpr std::uint64_t kMaxDelaySeconds = 10;
  static constexpr std::size_t kMaxCharacters = 2048;

  explicit CaptionEncoder(const Layout& layout = {}) : layout_(layout) {}

  /// Sets the layout of all texts whose sending has not begun. A change erases the screen.
  void set_layout(const Layout& layout);
  /// Sets the time, in slots, after which text is erased; 0: never.
  void set_timeout(std::uint64_t timeout);
  /// Sets the number of slots per second, 1 to 30.
  void set_slots_per_second(std::uint64_t slots) { second_ = slots; }

  /// Adds text that starts `wait` slots after the next slot and lasts `duration` slots (empty:
  /// unknown). Text may start before texts that were added earlier.
  void add(std::string_view utf8, std::uint64_t wait, std::optional<std::uint64_t> duration);
  /// Returns the pair of the next slot and advances to the slot after it.
  BytePair next();
  /// Declares the text complete. Limits the timeout to one second until the next add(), so that the
  /// screen is erased soon.
  void finish();
  /// Forgets all texts and erases the screen.
  void reset();
  /// Returns true if there is nothing to send or erase: next() returns padding until text is added.
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
  std::uint64_t now_ = 0;  // Number of the next slot.
  bool finishing_ = false;

  std::deque<Caption> waiting_;  // Sorted by text_start.
  std::size_t n_waiting_ = 0;    // Characters in waiting_.
  std::deque<QueuedPair> sending_;
  std::uint64_t show_at_ = 0;  // The slot at which the pop-on caption in sending_ is shown.

  bool on_screen_ = false;
  bool stale_ = false;  // True if the screen must be erased before anything else is sent.
  std::optional<std::uint64_t> erase_at_;
  std::uint64_t last_sent_ = 0;            // Slot of the last pair of the last text.
  std::optional<std::uint64_t> last_end_;  // End of the text that is being sent or was sent last.
  int column_ = 0;                         // Columns used in the open row; 0 if no row is open.
  int row_ = 0;                            // The open row of a paint-on caption.
  int last_row_ = 0;                       // The last row that a paint-on caption may use.

  EncoderCounters counters_;
};

}  // namespace npuwhisper::cea608
