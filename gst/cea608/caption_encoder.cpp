// SPDX-License-Identifier: LGPL-2.1-or-later
#include "caption_encoder.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace npuwhisper::cea608 {
namespace {

// Both copies of a control code.
constexpr std::uint64_t kCodeSlots = 2;
// Columns after which a long text may pause, at the end of a word.
constexpr std::size_t kRollUpPart = 12;

// Selects the mode, or goes on in it.
Command command_of(Mode mode) {
  switch (mode) {
    case Mode::PopOn:
      return Command::ResumeCaptionLoading;
    case Mode::PaintOn:
      return Command::ResumeDirectCaptioning;
    case Mode::RollUp2:
      return Command::RollUp2;
    case Mode::RollUp3:
      return Command::RollUp3;
    case Mode::RollUp4:
      break;
  }
  return Command::RollUp4;
}

// Some sources send punctuation on its own.
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

// At words, each with the time that its place in the text suggests.
std::vector<CaptionEncoder::Caption> CaptionEncoder::roll_up_parts(const Caption& text) const {
  if (!text.end) return {text};
  const std::uint64_t duration = *text.end - text.start;
  const std::size_t n_glyphs = text.glyphs.size();
  std::vector<Caption> parts;
  for (std::size_t begin = 0; begin < n_glyphs;) {
    std::size_t end = std::min(begin + kRollUpPart, n_glyphs);
    while (end < n_glyphs && !text.glyphs[end].ends_word()) ++end;
    Caption part{.text_start = text.text_start};
    part.glyphs.assign(text.glyphs.begin() + static_cast<std::ptrdiff_t>(begin),
                       text.glyphs.begin() + static_cast<std::ptrdiff_t>(end));
    part.start = text.start + duration * begin / n_glyphs;
    part.end = text.start + duration * end / n_glyphs;
    parts.push_back(std::move(part));
    begin = end < n_glyphs && text.glyphs[end] == kSpace ? end + 1 : end;
  }
  return parts;
}

// Captions of up to four rows.
std::vector<CaptionEncoder::Caption> CaptionEncoder::block_parts(const Caption& text) const {
  std::vector<Row> rows = wrap(text.glyphs, static_cast<std::size_t>(width()), 0);
  rows.erase(rows.begin());
  const std::size_t n_parts = (rows.size() + kMaxCaptionRows - 1) / kMaxCaptionRows;
  const std::uint64_t duration = text.end ? *text.end - text.start : 0;
  std::vector<Caption> parts(n_parts, {.text_start = text.text_start});
  for (std::size_t i = 0; i < n_parts; ++i) {
    Caption& part = parts[i];
    part.start = text.start + duration * i / n_parts;
    if (text.end) part.end = text.start + duration * (i + 1) / n_parts;
    const std::size_t end = std::min(rows.size(), (i + 1) * kMaxCaptionRows);
    for (std::size_t row = i * kMaxCaptionRows; row < end; ++row) {
      if (!part.glyphs.empty()) part.glyphs.push_back(kNewRow);
      part.glyphs.insert(part.glyphs.end(), rows[row].begin(), rows[row].end());
    }
  }
  return parts;
}

void CaptionEncoder::enqueue(const Caption& text) {
  std::vector<Caption> parts = rolls_up() ? roll_up_parts(text) : block_parts(text);
  const auto place =
      std::upper_bound(waiting_.begin(), waiting_.end(), text.text_start,
                       [](std::uint64_t s, const Caption& c) { return s < c.text_start; });
  // What comes before must hurry: its own times may reach beyond this text's start.
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
  // What ends too early leaves the captions after it alone; what waited for too long does not.
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
  // The hidden memory of pop-on takes captions ahead of their time.
  if (layout_.mode != Mode::PopOn && waiting_.front().start > now_) return;
  const Caption caption = std::move(waiting_.front());
  waiting_.pop_front();
  n_waiting_ -= caption.glyphs.size();
  last_end_ = caption.end;
  if (rolls_up()) {
    send_roll_up(caption);
  } else {
    send_block(caption);
  }
}

void CaptionEncoder::send_roll_up(const Caption& caption) {
  const int depth = static_cast<int>(layout_.mode) - static_cast<int>(Mode::RollUp2) + 2;
  const int bottom = layout_.origin_row < 0 ? kRows - 1 : layout_.origin_row;
  const int base_row = std::max(bottom, depth - 1);

  PairWriter writer(sending_);
  const bool with_space = column_ > 0 && !closes_word(caption.glyphs.front());
  const int room = column_ > 0 ? width() - column_ - (with_space ? 1 : 0) : 0;
  const std::vector<Row> rows = wrap(caption.glyphs, static_cast<std::size_t>(width()),
                                     static_cast<std::size_t>(std::max(room, 0)));
  if (!rows[0].empty()) {
    if (with_space) writer.text({&kSpace, 1});
    writer.text(rows[0]);
    column_ += static_cast<int>(rows[0].size()) + (with_space ? 1 : 0);
  }
  for (std::size_t i = 1; i < rows.size(); ++i) {
    // All three for each row, so that a receiver that tunes in, or lost one, is right again soon.
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

void CaptionEncoder::send_block(const Caption& caption) {
  std::vector<Row> rows = wrap(caption.glyphs, static_cast<std::size_t>(width()), 0);
  rows.erase(rows.begin());
  const auto n_rows = static_cast<int>(rows.size());
  const int first =
      layout_.origin_row < 0 ? kRows - n_rows : std::min(layout_.origin_row, kRows - n_rows);

  PairWriter writer(sending_);
  writer.command(command_of(layout_.mode));
  if (layout_.mode == Mode::PopOn) {
    writer.command(Command::EraseNonDisplayedMemory);
  } else {
    if (on_screen_) writer.command(Command::EraseDisplayedMemory);
    on_screen_ = true;
    erase_at_.reset();
  }
  for (int i = 0; i < n_rows; ++i) {
    writer.move_to(first + i, layout_.origin_column);
    writer.text(rows[static_cast<std::size_t>(i)]);
  }
  writer.finish();
  if (layout_.mode == Mode::PopOn) {
    writer.show();
    show_at_ = caption.start;
  }
}

bool CaptionEncoder::erase_is_due() const {
  if (!erase_at_ || now_ < *erase_at_) return false;
  if (sending_.empty()) return true;
  // A caption that is about to be shown takes the place of the one before it.
  const QueuedPair& front = sending_.front();
  return !front.joined && !(front.shows && show_at_ <= now_ + kCodeSlots);
}

// Puts the code in front of what is being sent: that is a caption for the hidden memory.
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
  if (!rolls_up() && last_end_) return std::max(*last_end_, last_sent_ + second_);
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
  // A code whose first copy was sent keeps its second.
  const auto rest = std::find_if(sending_.begin(), sending_.end(),
                                 [](const QueuedPair& queued) { return !queued.joined; });
  sending_.erase(rest, sending_.end());
  column_ = 0;
  finishing_ = false;
  stale_ = on_screen_;
}

}  // namespace npuwhisper::cea608
