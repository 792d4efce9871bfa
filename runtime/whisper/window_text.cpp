// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/window_text.h"

#include <algorithm>
#include <cstdint>

#include "whisper/stopwatch.h"
#include "whisper/timestamps.h"

namespace npuwhisper {
namespace {

/// A segment further than this from any speech is dropped. The margin allows for inexact
/// timestamps.
constexpr std::int64_t kTolerance = kSampleRate / 2;
/// Maximum length, in samples, of speech that follows the last timestamp of a text and still
/// belongs to the text. Timestamps are inexact.
constexpr std::int64_t kInexactEnd = kSampleRate / 5;
/// If the voice after the last timestamp lasts at least this number of samples, it counts as speech
/// without text.
constexpr std::int64_t kLeastUnheard = kSampleRate;
/// If two successive windows each advance by less than this number of mel frames (2 s), the second
/// one advances further. Otherwise, the model could repeat a short text in many windows over
/// singing or noise.
constexpr int kShortAdvance = 200;

}  // namespace

WindowText::WindowText(const Tokenizer& tokenizer, const ModelConfig& config,
                       const TranscriberOptions& options, const HeardAudio& audio,
                       TranscriberStats& stats)
    : tokenizer_(tokenizer), options_(options), audio_(audio), stats_(stats) {
  if (options_.word_times) word_timer_.emplace(tokenizer_, config);
}

void WindowText::reset() {
  if (word_timer_) word_timer_->reset();
}

Result<int> WindowText::make_segments(const DecodedWindow& heard, const Window& window,
                                      std::vector<Segment>& segments) {
  const trace::Span span("text", {"tokens", static_cast<std::int64_t>(heard.tokens.size())});
  int n_done = split_window(tokenizer_, heard.tokens, window.position, segments);
  n_done = keep_unheard(window, segments, n_done);
  if (options_.word_times) {
    if (const auto ok = add_words(window, segments); !ok) return fail(ok.error());
  }
  drop_empty_segments(segments);
  const std::int64_t first = window.position.first_frame;
  place_segments(segments, first * kHop, std::min((first + n_done) * kHop, audio_.n_samples()));
  if (audio_.detector() != nullptr) drop_unspoken(segments);
  for (Segment& segment : segments) {
    segment.temperature = heard.temperature;
    segment.average_log_probability = heard.average_log_probability;
    segment.compression_ratio = heard.compression_ratio;
    segment.no_speech_probability = heard.no_speech_probability;
    segment.language = window.language;
  }
  return n_done;
}

/// Returns the number of frames until the next window begins. The model sometimes ends the text
/// although speech follows. If the detector finds enough voice between the text and the frame
/// `n_done`, the next window begins where the text ends.
int WindowText::keep_unheard(const Window& window, std::span<const Segment> segments,
                             int n_done) const {
  if (audio_.detector() == nullptr || segments.empty()) return n_done;
  const std::int64_t begin = window.position.first_frame * kHop;
  const std::int64_t text_end = std::max(segments.back().end, begin);
  const std::int64_t n_voiced =
      audio_.detector()->n_voiced(text_end + kInexactEnd, begin + n_done * kHop);
  const int n_text = std::max(static_cast<int>((text_end - begin) / kHop), 1);
  const bool is_repeated = n_text < kShortAdvance && window.last_advance < kShortAdvance;
  return n_voiced < kLeastUnheard || is_repeated ? n_done : n_text;
}

Result<void> WindowText::add_words(const Window& window, std::vector<Segment>& segments) {
  const Stopwatch watch(stats_.align_time, "word times");
  return word_timer_->add_words(window.decoder,
                                {.first_sample = window.position.first_frame * kHop,
                                 .n_frames = window.position.n_frames,
                                 .language = window.language,
                                 .task = options_.task,
                                 .pcm = window.pcm},
                                segments);
}

void WindowText::drop_unspoken(std::vector<Segment>& segments) {
  stats_.unspoken_segments += std::erase_if(segments, [&](const Segment& segment) {
    return !audio_.detector()->has_speech(segment.start - kTolerance, segment.end + kTolerance);
  });
}

}  // namespace npuwhisper
