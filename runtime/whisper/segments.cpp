// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/segments.h"

#include <algorithm>
#include <string>

#include "base/trim.h"
#include "whisper/timestamps.h"

namespace npuwhisper {
namespace {

bool continues_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

/// Returns where the text of a window's first tokens ends within `whole`, the text of all tokens.
/// `head` is the result of decoding the first tokens alone. It differs from `whole` if the first
/// tokens end within a character. That character belongs to the first tokens.
std::size_t text_end(const std::string& whole, const std::string& head) {
  const auto differs = std::mismatch(whole.begin(), whole.end(), head.begin(), head.end()).first;
  auto at = static_cast<std::size_t>(differs - whole.begin());
  if (at == head.size() || at == whole.size()) return at;
  while (at > 0 && continues_character(whole[at])) --at;
  do ++at;
  while (at < whole.size() && continues_character(whole[at]));
  return at;
}

void join(Segment& first, Segment& second) {
  first.text += second.text;
  first.tokens.insert(first.tokens.end(), second.tokens.begin(), second.tokens.end());
  std::move(second.words.begin(), second.words.end(), std::back_inserter(first.words));
}

void place_words(Segment& segment) {
  std::int64_t earliest = segment.start;
  for (Word& word : segment.words) {
    word.start = std::clamp(word.start, earliest, segment.end);
    word.end = std::clamp(word.end, word.start, segment.end);
    earliest = word.end;
  }
}

}  // namespace

int split_window(const Tokenizer& tokenizer, std::span<const Token> tokens,
                 const WindowPosition& window, std::vector<Segment>& segments) {
  const Token zero = tokenizer.special().timestamp_begin;
  const auto steps = [&](Token timestamp) { return std::max(timestamp - zero, 0); };
  const std::int64_t begin = window.first_frame * kHop;
  const std::string whole = tokenizer.decode(tokens);
  std::size_t first_token = 0;
  std::size_t first_byte = 0;
  segments.clear();
  const auto add = [&](std::size_t end_token, std::int64_t start, std::int64_t end) {
    const std::size_t end_byte =
        std::max(first_byte, end_token == tokens.size()
                                 ? whole.size()
                                 : text_end(whole, tokenizer.decode(tokens.first(end_token))));
    Segment& segment = segments.emplace_back();
    segment.start = start;
    segment.end = end;
    segment.text = whole.substr(first_byte, end_byte - first_byte);
    const auto own = tokens.subspan(first_token, end_token - first_token);
    segment.tokens.assign(own.begin(), own.end());
    first_token = end_token;
    first_byte = end_byte;
  };
  const auto add_between_timestamps = [&](std::size_t end_token) {
    add(end_token, begin + std::int64_t{steps(tokens[first_token])} * kSamplesPerTimestamp,
        begin + std::int64_t{steps(tokens[end_token - 1])} * kSamplesPerTimestamp);
  };

  const std::size_t n = tokens.size();
  for (std::size_t i = 1; i < n; ++i) {
    if (tokenizer.is_timestamp(tokens[i - 1]) && tokenizer.is_timestamp(tokens[i])) {
      add_between_timestamps(i);
    }
  }
  if (!segments.empty()) {
    if (!tokenizer.is_timestamp(tokens[n - 2]) && tokenizer.is_timestamp(tokens[n - 1])) {
      add_between_timestamps(n);
      return window.n_frames;
    }
    // The timestamp may lie beyond the audio of a partly filled window.
    return std::clamp(steps(tokens[first_token - 1]) * kFramesPerTimestamp, 1, window.n_frames);
  }
  const auto last = std::find_if(tokens.rbegin(), tokens.rend(),
                                 [&](Token token) { return tokenizer.is_timestamp(token); });
  const bool timed = last != tokens.rend() && *last != zero;
  add(n, begin,
      begin + (timed ? std::int64_t{steps(*last)} * kSamplesPerTimestamp
                     : std::int64_t{window.n_frames} * kHop));
  return window.n_frames;
}

void drop_empty_segments(std::vector<Segment>& segments) {
  std::erase_if(segments, [](const Segment& segment) {
    return segment.start == segment.end || trim(segment.text).empty();
  });
}

void place_segments(std::vector<Segment>& segments, std::int64_t begin, std::int64_t end) {
  std::int64_t earliest = begin;
  std::size_t n = 0;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    Segment& segment = segments[i];
    segment.start = std::clamp(segment.start, earliest, end);
    segment.end = std::clamp(segment.end, segment.start, end);
    if (segment.start == segment.end) {
      if (n > 0) {
        join(segments[n - 1], segment);
        earliest = segments[n - 1].end = segment.end;
        continue;
      }
      segment.start = begin;
      segment.end = end;
    }
    earliest = segment.end;
    if (n != i) segments[n] = std::move(segment);
    ++n;
  }
  segments.resize(n);
  std::for_each(segments.begin(), segments.end(), place_words);
}

}  // namespace npuwhisper
