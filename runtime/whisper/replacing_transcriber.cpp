// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/replacing_transcriber.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "audio/samples.h"

namespace npuwhisper {
namespace {

/// With Pace::Audio, words are released for their deadlines at multiples of this distance in the
/// audio, so that the text does not depend on the sizes of the pushes.
constexpr std::int64_t kStep = kSampleRate / 50;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kNothing = std::numeric_limits<std::int64_t>::min();

std::int64_t longest_wait_of(const TranscriberOptions& options) {
  if (!options.live_latency) return 0;
  const std::int64_t latency = to_samples(*options.live_latency);
  return options.pace == Pace::RealTime ? latency / 2 : latency;
}

std::string join(const std::vector<Word>& words) {
  std::string text;
  for (const Word& word : words) text += word.text;
  return text;
}

std::vector<PlacedWord> placed(const std::vector<Word>& words, std::size_t segment) {
  std::vector<PlacedWord> out;
  for (const Word& word : words) out.push_back({word, segment});
  return out;
}

std::vector<PlacedWord> placed(const std::vector<Segment>& segments) {
  std::vector<PlacedWord> out;
  for (std::size_t i = 0; i < segments.size(); ++i)
    std::ranges::move(placed(segments[i].words, i), std::back_inserter(out));
  return out;
}

std::vector<Word> words_of(std::span<PlacedWord> words) {
  std::vector<Word> out;
  for (PlacedWord& word : words) out.push_back(std::move(word.word));
  return out;
}

bool is_blank(const Segment& segment) {
  return segment.text.find_first_not_of(' ') == std::string::npos;
}

}  // namespace

ReplacingTranscriber::ReplacingTranscriber(std::unique_ptr<Transcriber> transcriber,
                                           ReplacementList list, const TranscriberOptions& options)
    : WrappedTranscriber(std::move(transcriber)),
      list_(std::move(list)),
      is_live_(options.live_latency.has_value()),
      word_times_(options.word_times),
      is_in_steps_(is_live_ && options.pace == Pace::Audio),
      longest_wait_(longest_wait_of(options)),
      samples_waiting_(options.samples_waiting) {}

Result<std::vector<Segment>> ReplacingTranscriber::push(std::span<const float> pcm) {
  return push_samples(pcm);
}

Result<std::vector<Segment>> ReplacingTranscriber::push(std::span<const std::int16_t> pcm) {
  return push_samples(pcm);
}

template <typename Sample>
Result<std::vector<Segment>> ReplacingTranscriber::push_samples(std::span<const Sample> pcm) {
  std::vector<Segment> out;
  do {
    const auto n =
        static_cast<std::size_t>(std::min(static_cast<std::int64_t>(pcm.size()), longest_piece()));
    auto segments = transcriber_->push(pcm.first(n));
    n_samples_ += static_cast<std::int64_t>(n);
    segments = finish(std::move(segments));
    if (!segments) return segments;
    std::ranges::move(*segments, std::back_inserter(out));
    pcm = pcm.subspan(n);
  } while (!pcm.empty());
  return out;
}

/// Returns the maximum number of samples that the wrapped transcriber may take at once.
std::int64_t ReplacingTranscriber::longest_piece() const {
  return is_in_steps_ ? kStep - n_samples_ % kStep : kNever;
}

/// Returns the end of the audio whose words must not wait.
std::int64_t ReplacingTranscriber::due() const {
  if (!is_in_steps_) {
    return n_samples_ + (samples_waiting_ ? samples_waiting_() : 0) - longest_wait_;
  }
  return n_samples_ % kStep == 0 ? n_samples_ - longest_wait_ : kNothing;
}

Result<std::vector<Segment>> ReplacingTranscriber::settle() {
  auto segments = finish(transcriber_->settle());
  if (segments) release(kNever, *segments);
  return segments;
}

Result<std::vector<Segment>> ReplacingTranscriber::drain() {
  auto segments = finish(transcriber_->drain());
  if (segments) release(kNever, *segments);
  return segments;
}

void ReplacingTranscriber::reset() {
  transcriber_->reset();
  waiting_.clear();
  n_samples_ = 0;
}

std::int64_t ReplacingTranscriber::position() const {
  const std::int64_t position = transcriber_->position();
  return waiting_.empty() ? position : std::min(position, waiting_.front().start);
}

std::vector<Word> ReplacingTranscriber::draft() const {
  std::vector<PlacedWord> words = placed(waiting_);
  std::ranges::move(placed(transcriber_->draft(), waiting_.size()), std::back_inserter(words));
  list_.replace(words, words.size());
  return words_of(words);
}

/// Returns the segments of the wrapped transcriber that need not wait, with their replacements.
Result<std::vector<Segment>> ReplacingTranscriber::finish(Result<std::vector<Segment>> segments) {
  if (!segments) return segments;
  std::vector<Segment> out;
  if (is_live_) {
    std::ranges::move(*segments, std::back_inserter(waiting_));
    release(due(), out);
    return out;
  }
  for (Segment& segment : *segments) {
    replace(segment);
    if (!is_blank(segment)) out.push_back(std::move(segment));
  }
  return out;
}

void ReplacingTranscriber::replace(Segment& segment) const {
  const bool is_joined = !segment.words.empty() && join(segment.words) == segment.text;
  std::vector<PlacedWord> words = placed(segment.words, 0);
  list_.replace(words, words.size());
  segment.words = words_of(words);
  segment.text = is_joined ? join(segment.words) : list_.replace(segment.text);
}

/// Appends the waiting words that no later word can change. Words that ended at or before `due` do
/// not wait for later words.
void ReplacingTranscriber::release(std::int64_t due, std::vector<Segment>& out) {
  if (waiting_.empty()) return;
  std::vector<PlacedWord> words = placed(waiting_);
  const auto n_due = static_cast<std::size_t>(std::ranges::count_if(
      words, [&](const PlacedWord& placed) { return placed.word.end <= due; }));
  const std::size_t n_ready = list_.replace(words, n_due);
  const std::span<PlacedWord> ready = std::span(words).first(n_ready);
  const std::span<PlacedWord> rest = std::span(words).subspan(n_ready);
  std::vector<Segment> kept;
  std::size_t next_ready = 0;
  std::size_t next_rest = 0;
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    const auto take = [&](std::span<PlacedWord> from, std::size_t& next) {
      const std::size_t begin = next;
      while (next < from.size() && from[next].segment == i) ++next;
      return words_of(from.subspan(begin, next - begin));
    };
    Segment part = waiting_[i];
    part.words = take(ready, next_ready);
    Segment later = std::move(waiting_[i]);
    later.words = take(rest, next_rest);
    for (Segment* segment : {&part, &later}) {
      if (segment->words.empty()) continue;
      segment->start = segment->words.front().start;
      segment->end = segment->words.back().end;
      segment->text = join(segment->words);
    }
    // The tokens belong to the first part of a segment that is returned in two parts.
    if (!part.words.empty()) later.tokens.clear();
    if (!later.words.empty()) kept.push_back(std::move(later));
    if (part.words.empty() || is_blank(part)) continue;
    if (!word_times_) part.words.clear();
    out.push_back(std::move(part));
  }
  waiting_ = std::move(kept);
}

}  // namespace npuwhisper
