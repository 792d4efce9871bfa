// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/word_timing.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "base/trim.h"
#include "model/utf8.h"
#include "whisper/attention_lead.h"
#include "whisper/punctuation.h"
#include "whisper/timestamps.h"

namespace npuwhisper {
namespace {

/// Maximum distance of a segment's words from the segment's timestamps, in samples (0.5 s), as in
/// timing.py of openai/whisper.
constexpr std::int64_t kTimestampTolerance = kSampleRate / 2;

/// Returns the number of samples of audio in a window.
std::int64_t n_samples(const WordTimingWindow& window) {
  const std::int64_t in_frames = std::int64_t{window.n_frames} * kHop;
  const auto in_pcm = static_cast<std::int64_t>(window.pcm.size());
  return in_pcm > 0 ? std::min(in_frames, in_pcm) : in_frames;
}

bool continues_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

bool text_ends_sentence(std::string_view text) {
  text = trim(text);
  if (text.empty()) return false;
  std::size_t last = text.size() - 1;
  while (last > 0 && continues_character(text[last])) --last;
  return ends_sentence(first_code_point(text.substr(last)).value);
}

/// Removes and returns the first `n_bytes` of the UTF-8 text, or a few more up to the end of a
/// character.
std::string_view take_text(std::string_view& text, std::size_t n_bytes) {
  n_bytes = std::min(n_bytes, text.size());
  while (n_bytes < text.size() && continues_character(text[n_bytes])) ++n_bytes;
  const std::string_view head = text.substr(0, n_bytes);
  text.remove_prefix(n_bytes);
  return head;
}

}  // namespace

WordTimer::WordTimer(const Tokenizer& tokenizer, const ModelConfig& config)
    : tokenizer_(tokenizer),
      has_heads_(!config.alignment_heads.empty()),
      n_positions_(static_cast<std::size_t>(config.n_audio_ctx)),
      max_tokens_(static_cast<std::size_t>(config.n_text_ctx)),
      splitter_(tokenizer, max_tokens_),
      // There is at most one gap before each token, and there are two states at the end.
      aligner_(n_positions_, 2 * max_tokens_ + 2, attention_lead(config)),
      evidence_(n_positions_ * kSamplesPerTimestamp) {
  tokens_.reserve(max_tokens_);
  probabilities_.reserve(max_tokens_);
  text_.reserve(max_tokens_);
  states_.reserve(2 * max_tokens_ + 2);
  sources_.reserve(max_tokens_);
  times_.reserve(max_tokens_);
  durations_.reserve(max_tokens_);
}

Result<void> WordTimer::add_words(TokenDecoder& decoder, const WordTimingWindow& window,
                                  std::span<Segment> segments, std::size_t n_known) {
  if (!has_heads_) {
    return fail(ErrorCode::Unsupported,
                "word times: expected alignment heads in the model's config.json, found none");
  }
  if (const auto ok = collect_text(window, segments); !ok) return ok;
  if (sources_.empty() || window.n_frames <= 0) return {};
  probabilities_.assign(tokens_.size(), 0.0F);
  const auto probabilities = std::span(probabilities_).subspan(first_row_of(n_known));
  const auto attention = decoder.align(tokens_, probabilities);
  if (!attention) return fail(attention.error());
  const std::size_t wanted = tokens_.size() * n_positions_;
  if (attention->size() != wanted) {
    return fail(ErrorCode::DeviceError, "attention for word times: expected " +
                                            std::to_string(wanted) + " values, found " +
                                            std::to_string(attention->size()));
  }
  evidence_.measure(window.pcm);
  place(window, *attention, segments);
  if (!evidence_.is_informative()) shorten_long_words(times_, durations_);
  const std::int64_t begin = std::max(window.first_sample, previous_end_);
  fit_words(times_, begin, window.first_sample + n_samples(window));
  previous_end_ = times_.back().end;
  write(segments);
  return {};
}

/// Fills tokens_, states_, sources_ and times_ from the text. Sets only the flags begins_sentence
/// and ends_sentence of times_.
Result<void> WordTimer::collect_text(const WordTimingWindow& window,
                                     std::span<const Segment> segments) {
  tokens_.clear();
  states_.clear();
  sources_.clear();
  times_.clear();
  if (const auto ok = add_prefix(window); !ok) return ok;
  gap_ = {.kind = TextState::Kind::Outside, .first_row = tokens_.size() - 1, .n_rows = 0};
  for (std::size_t i = 0; i < segments.size(); ++i) {
    text_.clear();
    const std::vector<Token>& tokens = segments[i].tokens;
    const auto n_text = static_cast<std::size_t>(
        std::ranges::count_if(tokens, [&](Token token) { return tokenizer_.is_text(token); }));
    if (n_text == 0) continue;
    if (tokens_.size() + n_text + 1 > max_tokens_) {
      return fail(ErrorCode::InvalidArgument,
                  "word times: expected at most " + std::to_string(max_tokens_) +
                      " tokens in a window, found " + std::to_string(tokens_.size() + n_text + 1) +
                      " or more");
    }
    std::ranges::copy_if(tokens, std::back_inserter(text_),
                         [&](Token token) { return tokenizer_.is_text(token); });
    add_segment(i, segments[i].text, is_written_without_spaces(window.language));
  }
  states_.push_back(gap_);
  // Adds the state of the end-of-text token. Its row is the attention while the decoder predicts
  // that token.
  states_.push_back(
      {.kind = TextState::Kind::Outside, .first_row = tokens_.size() - 1, .n_rows = 1});
  tokens_.push_back(tokenizer_.special().eot);
  if (!times_.empty()) {
    times_.front().begins_sentence = true;
    times_.back().ends_sentence = true;
  }
  return {};
}

Result<void> WordTimer::add_prefix(const WordTimingWindow& window) {
  const SpecialTokens& special = tokenizer_.special();
  tokens_.push_back(special.sot);
  if (tokenizer_.is_multilingual()) {
    const auto language = tokenizer_.language_token(window.language);
    if (!language) {
      return fail(ErrorCode::InvalidArgument,
                  "word times: expected a language of the model, found '" +
                      std::string(window.language) + "'");
    }
    tokens_.push_back(*language);
    tokens_.push_back(window.task == Task::Translate ? special.translate : special.transcribe);
  }
  tokens_.push_back(special.no_timestamps);
  return {};
}

/// Appends the words of a segment, whose text tokens are in text_.
void WordTimer::add_segment(std::size_t segment, std::string_view text, bool by_character) {
  const std::size_t first_token = tokens_.size();
  tokens_.insert(tokens_.end(), text_.begin(), text_.end());
  const auto pieces = splitter_.split(text_, by_character);
  for (const WordGroup& group : splitter_.group()) {
    Source word{.segment = segment};
    for (std::size_t i = group.first; i < group.end; ++i) {
      const WordPiece& piece = pieces[i];
      const std::size_t n_tokens = piece.end_token - piece.first_token;
      const std::size_t first_row = first_token + piece.first_token - 1;
      word.n_bytes += piece.n_bytes;
      if (i == group.core) {
        word.first_token = first_token + piece.first_token;
        word.n_tokens = n_tokens;
      }
      if (!piece.is_spoken) {
        gap_.n_rows += n_tokens;
        mark_gap();
        continue;
      }
      states_.push_back(gap_);
      word.state = states_.size();
      for (std::size_t row = first_row; row < first_row + n_tokens; ++row) {
        states_.push_back({.kind = TextState::Kind::Spoken, .first_row = row, .n_rows = 1});
      }
      gap_ = {.kind = TextState::Kind::Gap, .first_row = first_row + n_tokens, .n_rows = 0};
    }
    const bool begins = !times_.empty() && times_.back().ends_sentence;
    const bool ends = text_ends_sentence(take_text(text, word.n_bytes));
    sources_.push_back(word);
    times_.push_back({.begins_sentence = begins, .ends_sentence = ends});
  }
  mark_gap();
}

/// Records that the text marks a pause before the next word.
void WordTimer::mark_gap() {
  if (gap_.kind == TextState::Kind::Gap) gap_.kind = TextState::Kind::MarkedGap;
}

/// Returns the index in tokens_ of the token before the first word's core (WordGroup::core) in
/// `segment`. If `segment` has no words, uses the first word of later segments. Returns
/// tokens_.size() if there is no such word, and 0 for segment 0.
std::size_t WordTimer::first_row_of(std::size_t segment) const {
  if (segment == 0) return 0;
  const auto word = std::ranges::find_if(
      sources_, [&](const Source& source) { return source.segment >= segment; });
  return word == sources_.end() ? tokens_.size() : word->first_token - 1;
}

/// Sets the time of every word.
void WordTimer::place(const WordTimingWindow& window, std::span<const float> attention,
                      std::span<const Segment> segments) {
  const auto n_positions =
      std::min(n_positions_, (static_cast<std::size_t>(window.n_frames) + 1) / kFramesPerTimestamp);
  const auto position_at = [&](std::int64_t sample) {
    const std::int64_t position = aligner_.position_of(sample - window.first_sample);
    return static_cast<std::size_t>(
        std::clamp<std::int64_t>(position, 0, static_cast<std::int64_t>(n_positions)));
  };
  const Segment& first = segments[sources_.front().segment];
  const Segment& last = segments[sources_.back().segment];
  std::size_t begin = position_at(first.start - kTimestampTolerance);
  std::size_t end = position_at(last.end + kTimestampTolerance);
  // If there are fewer positions between the segments' timestamps than tokens, the timestamps are
  // wrong. The words are then aligned with the whole window.
  if (end < begin + tokens_.size()) {
    begin = 0;
    end = n_positions;
  }
  const auto ranges = aligner_.align(attention, states_, evidence_, begin, end);
  if (ranges.empty()) return spread(window);

  const auto sample_of = [&](int position) {
    return window.first_sample +
           aligner_.sample_of(static_cast<std::int64_t>(begin) + std::int64_t{position});
  };
  for (std::size_t i = 0; i < times_.size(); ++i) {
    const Source& word = sources_[i];
    if (word.state == kNoState) {
      times_[i].start = segments[word.segment].start;
      times_[i].end = segments[word.segment].end;
    } else {
      times_[i].start = sample_of(ranges[word.state].first);
      times_[i].end = sample_of(ranges[word.state + word.n_tokens - 1].end);
    }
  }
}

/// Spreads the words evenly over the window. Used for text that cannot be aligned, because the text
/// has more tokens than the audio has positions. Nobody can have spoken such text.
void WordTimer::spread(const WordTimingWindow& window) {
  const auto n = static_cast<std::int64_t>(times_.size());
  for (std::int64_t i = 0; i < n; ++i) {
    WordTime& time = times_[static_cast<std::size_t>(i)];
    time.start = window.first_sample + n_samples(window) * i / n;
    time.end = window.first_sample + n_samples(window) * (i + 1) / n;
  }
}

void WordTimer::write(std::span<Segment> segments) const {
  for (std::size_t i = 0; i < sources_.size();) {
    Segment& segment = segments[sources_[i].segment];
    segment.words.clear();
    std::string_view text = segment.text;
    const std::size_t own = sources_[i].segment;
    for (; i < sources_.size() && sources_[i].segment == own; ++i) {
      const Source& source = sources_[i];
      const bool is_last = i + 1 == sources_.size() || sources_[i + 1].segment != own;
      // A token's element of probabilities_ holds the probability of the next token.
      const auto first =
          probabilities_.begin() + static_cast<std::ptrdiff_t>(source.first_token) - 1;
      const float sum =
          std::accumulate(first, first + static_cast<std::ptrdiff_t>(source.n_tokens), 0.0F);
      segment.words.push_back(
          {.start = times_[i].start,
           .end = times_[i].end,
           .text = std::string(is_last ? text : take_text(text, source.n_bytes)),
           .probability = sum / static_cast<float>(source.n_tokens)});
    }
    segment.start = segment.words.front().start;
    segment.end = segment.words.back().end;
  }
}

}  // namespace npuwhisper
