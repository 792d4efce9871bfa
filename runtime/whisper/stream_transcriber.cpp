// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/stream_transcriber.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "whisper/stopwatch.h"
#include "whisper/timestamps.h"

namespace npuwhisper {

Result<std::unique_ptr<StreamTranscriber>> StreamTranscriber::create(
    const Tokenizer& tokenizer, const ModelConfig& config, const TranscriberOptions& options,
    const DecoderFactory& make_decoder, const LogMelFactory& make_log_mel,
    const DetectorFactory& make_detector) {
  auto parts = make_parts(tokenizer, config, options, 1, sequences_needed(options), make_decoder,
                          make_log_mel, make_detector);
  if (!parts) return fail(parts.error());
  return std::unique_ptr<StreamTranscriber>(new StreamTranscriber(std::move(*parts)));
}

StreamTranscriber::StreamTranscriber(Parts&& parts)
    : WhisperTranscriber(std::move(parts), parts.decoders.front()->max_length(),
                         parts.options.word_times),
      window_decoder_(tokenizer_, parts.config, options_, decoder_, stats_, hotwords()),
      window_text_(tokenizer_, parts.config, options_, audio_, stats_) {}

void StreamTranscriber::forget() {
  window_decoder_.reset();
  window_text_.reset();
  seek_ = 0;
  advance_limit_ = {};
}

/// Returns the number of samples missing from the window, at least kHop. The stream takes at most
/// this number of samples at a time, so that the detector has not seen later audio when the window
/// is decoded.
std::int64_t StreamTranscriber::n_wanted() const {
  const std::int64_t missing = (seek_ + window_frames_) * kHop + kFftSize / 2 - audio_.n_samples();
  return std::max<std::int64_t>(missing, kHop);
}

Result<void> StreamTranscriber::listen(std::vector<Segment>& out) {
  for (skip_silence(); audio_.end_frame() - seek_ >= window_frames_; skip_silence()) {
    if (auto done = transcribe_window(window_frames_, out); !done) return done;
  }
  return {};
}

Result<void> StreamTranscriber::listen_to_rest(std::vector<Segment>& out) {
  // As in faster-whisper, an incomplete last hop (less than 10 ms) is ignored. Any longer remaining
  // audio is transcribed.
  const std::int64_t end = audio_.n_samples() / kHop;
  for (skip_silence(); seek_ < end; skip_silence()) {
    const auto n_frames = static_cast<int>(std::min<std::int64_t>(window_frames_, end - seek_));
    if (auto done = transcribe_window(n_frames, out); !done) return done;
  }
  return {};
}

/// Moves the beginning of the next window towards the next speech (HeardAudio::n_silent()).
void StreamTranscriber::skip_silence() {
  const std::int64_t n_frames = audio_.n_silent(seek_);
  if (n_frames == 0) return;
  advance_limit_ = {};
  advance(n_frames);
  stats_.unspoken_samples += static_cast<std::uint64_t>(n_frames * kHop);
}

Result<void> StreamTranscriber::transcribe_window(int n_frames, std::vector<Segment>& out) {
  if (const auto ok = check_running(); !ok) return ok;
  const auto n_done = hear_window(n_frames, out);
  if (!n_done) return fail(n_done.error());
  advance(advance_limit_.next(*n_done, n_frames));
  publish_stats();
  return {};
}

/// Appends the segments of the window at seek_ and returns the number of frames until the next
/// window begins.
Result<int> StreamTranscriber::hear_window(int n_frames, std::vector<Segment>& out) {
  if (const auto ok = encode(seek_, n_frames, window_frames_); !ok) return fail(ok.error());
  const bool is_language_known = language_decision_.is_settled();
  const auto language = find_language(is_language_known, seek_, n_frames);
  if (!language) return fail(language.error());
  const bool is_spoken = audio_.is_spoken(seek_, n_frames);
  const auto heard = window_decoder_.decode(prompt_.build(*language, options_.task),
                                            {.is_spoken = is_spoken,
                                             .detector = audio_.detector(),
                                             .begin = seek_ * kHop,
                                             .end = (seek_ + n_frames) * kHop});
  if (!heard) return fail(heard.error());
  if (is_silent(**heard, is_spoken, options_)) {
    ++stats_.silent_windows;
    return n_frames;
  }
  if (!is_language_known) accept_language();

  const auto n_done = window_text_.make_segments(**heard,
                                                 {.decoder = decoder_,
                                                  .position = {seek_, n_frames},
                                                  .last_advance = advance_limit_.last(),
                                                  .language = language_,
                                                  .pcm = audio_.samples(seek_, n_frames)},
                                                 segments_);
  if (!n_done) return fail(n_done.error());
  for (const Segment& segment : segments_) prompt_.append(segment.tokens);
  if (!options_.condition_on_previous_text ||
      (*heard)->temperature > options_.prompt_reset_on_temperature) {
    prompt_.forget_previous_text();
  }
  std::move(segments_.begin(), segments_.end(), std::back_inserter(out));
  return *n_done;
}

void StreamTranscriber::advance(std::int64_t n_frames) {
  seek_ += n_frames;
  audio_.discard_before(seek_);
}

}  // namespace npuwhisper
