// SPDX-License-Identifier: LGPL-2.1-or-later
#include "caption_encoder.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace npuwhisper::cea608 {
namespace {

// The number of slots that the two copies of a control code take.
constexpr std::uint64_t kCodeSlots = 2;
// The minimum number of rows reserved for a paint-on caption, so that later text can continue in
// the caption.
constexpr int kPaintOnRows = 2;

// Returns the command that selects or continues roll-up.
Command command_of(Mode mode) {
  if (mode == Mode::RollUp2) return Command::RollUp2;
  return mode == Mode::RollUp3 ? Command::RollUp3 : Command::RollUp4;
}

// Returns true for punctuation. Some sources send punctuation as a separate text, and no space is
// inserted before it.
bool closes_word(const Glyph& glyph) {
  return glyph.kind == Glyph::Kind::Basic &&
         std::string_view(".,?!;:").find(static_cast<char>(glyph.basic)) != std::string_view::npos;
}

}  // namespace

bool CaptionEncoder::rolls_up() const {
  return layout_.mode != Mode::PopOn && layout_.mode != Mode::PaintOn;
}

void CaptionEncoder::set_layout(const Layout& layout) {
  if (layout == layout_) return;
  layout_ = layout;
  n_waiting_ = 0;
  for (const Caption& caption : std::exchange(waiting_, {})) enqueue(caption);
  stale_ = on_screen_ || !sending_.empty();
}

void CaptionEncoder::set_timeout(std::uint64_t timeout) {
  timeout_ = timeout;
  if (on_screen_ && sending_.empty()) erase_at_ = erase_time();
}

void CaptionEncoder::add(std::string_view utf8, std::uint64_t wait,
                         std::optional<std::uint64_t> duration) {
  GlyphText text = glyphs_of(utf8);
  if (text.glyphs.empty()) return;
  ++counters_.texts;
  counters_.characters += text.glyphs.size();
  counters_.replaced_characters += text.n_replaced;
  finishing_ = false;

  if (text.glyphs.size() > kMaxCharacters) {
    counters_.dropped_characters += text.glyphs.size() - kMaxCharacters;
    text.glyphs.resize(kMaxCharacters);
  }
  while (!waiting_.empty() && n_waiting_ + text.glyphs.size() > kMaxCharacters) drop_front();

  Caption caption{.glyphs = std::move(text.glyphs)};
  caption.text_start = caption.start = now_ + wait;
  if (duration) caption.end = caption.start + *duration;
  enqueue(caption);
}

void CaptionEncoder::enqueue(const Caption& text) {
  std::vector<Caption> parts =
      rolls_up() ? roll_up_parts(text) : block_parts(text, static_cast<std::size_t>(width()));
  const auto place =
      std::upper_bound(waiting_.begin(), waiting_.end(), text.text_start,
                       [](std::uint64_t s, const Caption& c) { return s < c.text_start; });
  // Parts of earlier texts come first in the queue, so they must start no later than this text.
  std::for_each(waiting_.begin(), place,
                [&](Caption& c) { c.start = std::min(c.start, text.start); });
  for (const Caption& part : parts) n_waiting_ += part.glyphs.size();
  waiting_.insert(place, std::move_iterator(parts.begin()), std::move_iterator(parts.end()));
}

void CaptionEncoder::drop_front() {
  counters_.dropped_characters += waiting_.front().glyphs.size();
  n_waiting_ -= waiting_.front().glyphs.size();
  waiting_.pop_front();
}

void CaptionEncoder::drop_late() {
  const auto too_late = [&](const Caption& caption) {
    if (!rolls_up() && caption.end && *caption.end <= now_) return true;
    return caption.start + kMaxDelaySeconds * second_ < now_;
  };
  const auto has_begun = [&](const Caption& caption) { return caption.start < now_; };
  if (waiting_.empty() || !too_late(waiting_.front())) return;
  // Roll-up drops all text that has begun. Other modes drop only captions that are too late.
  while (!waiting_.empty() &&
         (rolls_up() ? has_begun(waiting_.front()) : too_late(waiting_.front()))) {
    drop_front();
  }
  column_ = 0;
}

BytePair CaptionEncoder::next() {
  if (stale_ && sending_.empty()) erase();
  if (sending_.empty()) begin_next();
  if (erase_is_due()) erase();

  BytePair pair = kPadding;
  if (!sending_.empty() && !(sending_.front().shows && now_ < show_at_)) {
    const QueuedPair& front = sending_.front();
    if (front.shows) {
      on_screen_ = true;
      erase_at_.reset();
    }
    pair = front.pair;
    sending_.pop_front();
    if (sending_.empty()) sent();
  }
  ++now_;
  return pair;
}

void CaptionEncoder::begin_next() {
  drop_late();
  if (waiting_.empty()) return;
  // Pop-on mode sends captions to the hidden memory before their start.
  if (layout_.mode != Mode::PopOn && waiting_.front().start > now_) return;
  const Caption caption = std::move(waiting_.front());
  waiting_.pop_front();
  n_waiting_ -= caption.glyphs.size();
  last_end_ = caption.end;
  if (rolls_up()) {
    send_roll_up(caption);
  } else if (layout_.mode == Mode::PopOn) {
    send_pop_on(caption);
  } else {
    send_paint_on(caption);
  }
}

bool CaptionEncoder::needs_space(const Caption& caption) const {
  return column_ > 0 && !closes_word(caption.glyphs.front());
}

// Wraps a caption into rows. The first row continues the open row, and is empty if nothing fits in
// the open row.
std::vector<Row> CaptionEncoder::go_on(const Caption& caption) const {
  const int room = column_ > 0 ? width() - column_ - (needs_space(caption) ? 1 : 0) : 0;
  return wrap(caption.glyphs, static_cast<std::size_t>(width()),
              static_cast<std::size_t>(std::max(room, 0)));
}

void CaptionEncoder::write_rest_of_row(PairWriter& writer, const Row& rest,
                                       const Caption& caption) {
  if (rest.empty()) return;
  if (needs_space(caption)) {
    writer.text({&kSpace, 1});
    ++column_;
  }
  writer.text(rest);
  column_ += static_cast<int>(rest.size());
}

void CaptionEncoder::send_roll_up(const Caption& caption) {
  const int depth = static_cast<int>(layout_.mode) - static_cast<int>(Mode::RollUp2) + 2;
  const int bottom = layout_.origin_row < 0 ? kRows - 1 : layout_.origin_row;
  const int base_row = std::max(bottom, depth - 1);

  PairWriter writer(sending_);
  const std::vector<Row> rows = go_on(caption);
  write_rest_of_row(writer, rows[0], caption);
  for (std::size_t i = 1; i < rows.size(); ++i) {
    // Sends all three codes for each row, so that a decoder recovers after it has tuned in or
    // missed a code.
    writer.command(command_of(layout_.mode));
    writer.command(Command::CarriageReturn);
    writer.move_to(base_row, layout_.origin_column);
    writer.text(rows[i]);
    column_ = static_cast<int>(rows[i].size());
  }
  writer.finish();
  on_screen_ = true;
  erase_at_.reset();
}

std::vector<Row> CaptionEncoder::rows_of(const Caption& caption) const {
  std::vector<Row> rows = wrap(caption.glyphs, static_cast<std::size_t>(width()), 0);
  rows.erase(rows.begin());
  return rows;
}

int CaptionEncoder::first_row(int n_rows) const {
  return layout_.origin_row < 0 ? kRows - n_rows : std::min(layout_.origin_row, kRows - n_rows);
}

void CaptionEncoder::write_rows(PairWriter& writer, std::span<const Row> rows, int first) {
  for (const Row& row : rows) {
    writer.move_to(first++, layout_.origin_column);
    writer.text(row);
  }
}

void CaptionEncoder::send_pop_on(const Caption& caption) {
  const std::vector<Row> rows = rows_of(caption);
  PairWriter writer(sending_);
  writer.command(Command::ResumeCaptionLoading);
  writer.command(Command::EraseNonDisplayedMemory);
  write_rows(writer, rows, first_row(static_cast<int>(rows.size())));
  writer.finish();
  writer.show();
  show_at_ = caption.start;
}

void CaptionEncoder::send_paint_on(const Caption& caption) {
  // Text that contains newlines is a separate caption. It does not continue an earlier caption.
  const bool in_rows =
      std::find(caption.glyphs.begin(), caption.glyphs.end(), kNewRow) != caption.glyphs.end();
  PairWriter writer(sending_);
  if (column_ > 0 && !in_rows) {
    const std::vector<Row> rows = go_on(caption);
    const auto n_more = static_cast<int>(rows.size()) - 1;
    if (row_ + n_more <= last_row_) {
      write_rest_of_row(writer, rows[0], caption);
      write_rows(writer, std::span(rows).subspan(1), row_ + 1);
      writer.finish();
      row_ += n_more;
      if (n_more > 0) column_ = static_cast<int>(rows.back().size());
      erase_at_.reset();
      return;
    }
  }
  const std::vector<Row> rows = rows_of(caption);
  const auto n_rows = static_cast<int>(rows.size());
  const int n_reserved = in_rows ? n_rows : std::max(n_rows, kPaintOnRows);
  const int first = first_row(n_reserved);
  writer.command(Command::ResumeDirectCaptioning);
  if (on_screen_) writer.command(Command::EraseDisplayedMemory);
  write_rows(writer, rows, first);
  writer.finish();
  row_ = first + n_rows - 1;
  last_row_ = first + n_reserved - 1;
  column_ = in_rows ? 0 : static_cast<int>(rows.back().size());
  on_screen_ = true;
  erase_at_.reset();
}

bool CaptionEncoder::erase_is_due() const {
  if (!erase_at_ || now_ < *erase_at_) return false;
  if (sending_.empty()) return true;
  // No erase is needed just before a caption is shown, because the new caption replaces the caption
  // on screen.
  const QueuedPair& front = sending_.front();
  return !front.joined && !(front.shows && show_at_ <= now_ + kCodeSlots);
}

// Queues the erase code before all pairs in sending_. Pairs in sending_ belong to a pop-on caption
// that is not on screen yet.
void CaptionEncoder::erase() {
  const BytePair code = command(Command::EraseDisplayedMemory);
  sending_.push_front({.pair = code, .joined = true});
  sending_.push_front({.pair = code});
  erase_at_.reset();
  on_screen_ = false;
  stale_ = false;
  column_ = 0;
}

void CaptionEncoder::sent() {
  last_sent_ = now_;
  if (on_screen_) erase_at_ = erase_time();
}

std::optional<std::uint64_t> CaptionEncoder::erase_time() const {
  std::uint64_t hold = timeout_;
  if (finishing_) hold = timeout_ == 0 ? second_ : std::min(timeout_, second_);
  if (!rolls_up() && last_end_) {
    // Paint-on waits half a second, because further text may continue in the same row.
    const std::uint64_t pause = layout_.mode == Mode::PaintOn ? second_ / 2 : 0;
    return std::max(*last_end_ + pause, last_sent_ + second_);
  }
  if (hold == 0) return std::nullopt;
  return std::max(last_sent_, last_end_.value_or(0)) + hold;
}

void CaptionEncoder::finish() {
  finishing_ = true;
  if (on_screen_ && sending_.empty()) erase_at_ = erase_time();
}

void CaptionEncoder::reset() {
  waiting_.clear();
  n_waiting_ = 0;
  // Keeps the second copy of a code whose first copy was sent.
  const auto rest = std::find_if(sending_.begin(), sending_.end(),
                                 [](const QueuedPair& queued) { return !queued.joined; });
  sending_.erase(rest, sending_.end());
  column_ = 0;
  finishing_ = false;
  stale_ = on_screen_;
}

}  // namespace npuwhisper::cea608
