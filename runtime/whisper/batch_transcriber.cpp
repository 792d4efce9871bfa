// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/batch_transcriber.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

#include "whisper/stopwatch.h"
#include "whisper/timestamps.h"

namespace npuwhisper {
namespace {

/// A pause at which a piece is cut ends at least this many mel frames (15 s) after the piece's
/// beginning, so that the text of most pieces has context.
constexpr std::int64_t kLeastPiece = 1500;
/// Maximum length of the silence at the end of a piece, in samples. If the pause is shorter than
/// twice this length, the piece is cut in the middle of the pause.
constexpr std::int64_t kTail = kSampleRate / 2;
/// Minimum length of a pause, in samples. Consonants cause shorter gaps between voices.
constexpr std::int64_t kLeastPause = kSampleRate / 5;
/// Minimum length, in samples, from the end of a window's text to the end of the last voice in the
/// piece. If the rest is shorter, it is not decoded: timestamps are inexact, so the rest is
/// probably part of the text.
constexpr std::int64_t kLeastRest = kSampleRate / 2;

}  // namespace

Result<std::unique_ptr<BatchTranscriber>> BatchTranscriber::create(
    const Tokenizer& tokenizer, const ModelConfig& config, const TranscriberOptions& options,
    const DecoderFactory& make_decoder, const LogMelFactory& make_log_mel,
    const DetectorFactory& make_detector) {
  const int n_lanes = options.batch == 0 ? kAutoBatch : options.batch;
  auto parts = make_parts(tokenizer, config, options, n_lanes, sequences_needed(options),
                          make_decoder, make_log_mel, make_detector);
  if (!parts) return fail(parts.error());
  if (parts->detector == nullptr) {
    return fail(ErrorCode::Unavailable, "batch: found " + std::to_string(n_lanes) +
                                            ", wanted 1: without voice activity detection, the "
                                            "pauses between pieces of audio are not known");
  }
  return std::unique_ptr<BatchTranscriber>(new BatchTranscriber(std::move(*parts)));
}

BatchTranscriber::BatchTranscriber(Parts&& parts)
    : WhisperTranscriber(std::move(parts), parts.decoders.front()->max_length(),
                         parts.options.word_times),
      window_text_(tokenizer_, parts.config, options_, audio_, stats_) {
  // The base class has moved objects out of `parts`, but the configuration is a reference.
  const ModelConfig& config = parts.config;  // NOLINT(bugprone-use-after-move)
  lanes_.resize(decoders_.size());
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    lanes_[i].index = i;
    lanes_[i].decoder = std::make_unique<WindowDecoder>(tokenizer_, config, options_, *decoders_[i],
                                                        stats_, hotwords());
    lanes_[i].prompt.reserve(static_cast<std::size_t>(decoders_[i]->max_length()));
    if (options_.word_times) {
      lanes_[i].pcm.reserve(static_cast<std::size_t>(window_frames_) * kHop);
    }
  }
  shares_.reserve(lanes_.size());
  stepping_.reserve(lanes_.size());
}

void BatchTranscriber::forget() {
  for (Lane& lane : lanes_) lane.is_running = false;
  open_limit_ = {};
  texts_.clear();
  first_ticket_ = 0;
  seek_ = 0;
}

std::int64_t BatchTranscriber::said_to() const {
  return (texts_.empty() ? seek_ : texts_.front().first) * kHop;
}

std::int64_t BatchTranscriber::n_wanted() const {
  const std::int64_t missing = (seek_ + window_frames_) * kHop + kFftSize / 2 - audio_.n_samples();
  return std::max<std::int64_t>(missing, kHop);
}

Result<void> BatchTranscriber::listen(std::vector<Segment>& out) {
  for (skip_silence(); audio_.end_frame() - seek_ >= window_frames_; skip_silence()) {
    if (auto done = transcribe_piece(next_piece(window_frames_), out); !done) return done;
  }
  return limit_lag(out);
}

Result<void> BatchTranscriber::listen_to_rest(std::vector<Segment>& out) {
  const std::int64_t end = audio_.n_samples() / kHop;
  for (skip_silence(); seek_ < end; skip_silence()) {
    const bool is_last = end - seek_ <= window_frames_;
    const Piece piece = is_last ? Piece{.first = seek_, .n_frames = static_cast<int>(end - seek_)}
                                : next_piece(window_frames_);
    if (auto done = transcribe_piece(piece, out); !done) return done;
  }
  while (!texts_.empty()) {
    if (auto done = step(out); !done) return done;
  }
  return {};
}

/// Performs decoder steps while the audio after the last complete text is too long, so that
/// longest_lag() holds. The limit is necessary because one piece can need many times as many steps
/// as another, while silence needs no steps.
Result<void> BatchTranscriber::limit_lag(std::vector<Segment>& out) {
  const std::int64_t longest_window = window_frames_ * kHop + kFftSize / 2;  // See n_wanted().
  const std::int64_t longest = longest_lag(static_cast<int>(lanes_.size())) - longest_window;
  while (!texts_.empty() && audio_.n_samples() - said_to() > longest) {
    if (auto done = step(out); !done) return done;
  }
  publish_stats();
  return {};
}

/// Moves the beginning of the next piece towards the next speech (HeardAudio::n_silent()).
void BatchTranscriber::skip_silence() {
  const std::int64_t n_frames = audio_.n_silent(seek_);
  if (n_frames == 0) return;
  open_limit_ = {};
  advance(n_frames);
  stats_.unspoken_samples += static_cast<std::uint64_t>(n_frames * kHop);
}

/// Returns the piece that begins at seek_. Considers the next `n_frames` frames and cuts them in
/// the longest pause that does not end too early (kLeastPiece).
BatchTranscriber::Piece BatchTranscriber::next_piece(int n_frames) const {
  const SpeechDetector& detector = *audio_.detector();
  const std::int64_t begin = seek_ * kHop;
  const std::int64_t end = begin + n_frames * kHop;
  const std::int64_t voice = detector.first_voice(begin, end);
  // Audio without a voice is one piece, because no word is cut.
  Piece piece{.first = seek_, .n_frames = n_frames, .is_open = voice < end};
  std::int64_t longest = 0;
  for (std::int64_t from = detector.first_gap(voice, end); from < end;) {
    const std::int64_t to = detector.first_voice(from, end);
    const bool is_late = to >= begin + kLeastPiece * kHop;
    if (is_late && to - from >= std::max(longest, kLeastPause)) {
      longest = to - from;
      const std::int64_t cut = from + std::min(longest / 2, kTail);
      piece.n_frames = std::max(static_cast<int>((cut - begin) / kHop), 1);
      piece.is_open = false;
    }
    from = detector.first_gap(to, end);
  }
  return piece;
}

Result<void> BatchTranscriber::transcribe_piece(const Piece& piece, std::vector<Segment>& out) {
  if (const auto ok = check_running(); !ok) return ok;
  const auto lane = find_lane(out);
  if (!lane) return fail(lane.error());
  const bool is_language_known = language_decision_.is_settled();
  if (const auto started = start(**lane, piece); !started) return started;
  if (piece.is_open || !is_language_known) {
    while ((*lane)->is_running) {
      if (const auto done = step(out); !done) return done;
    }
  }
  if (!piece.is_open) advance(piece.n_frames);
  return_texts(out);
  publish_stats();
  return {};
}

/// Returns a lane without a piece. Performs decoder steps until there is one.
Result<BatchTranscriber::Lane*> BatchTranscriber::find_lane(std::vector<Segment>& out) {
  for (;;) {
    const auto free = std::ranges::find(lanes_, false, &Lane::is_running);
    if (free != lanes_.end()) return &*free;
    if (const auto done = step(out); !done) return fail(done.error());
  }
}

/// Begins to decode a piece on a free lane.
Result<void> BatchTranscriber::start(Lane& lane, const Piece& piece) {
  lane.piece = piece;
  lane.ticket = first_ticket_ + texts_.size();
  texts_.push_back({.first = piece.first, .is_complete = false, .segments = {}});
  lane.is_running = true;
  if (!piece.is_open) open_limit_ = {};
  lane.advance_limit = open_limit_;
  const std::int64_t begin = piece.first * kHop;
  const std::int64_t end = begin + piece.n_frames * kHop;
  lane.voice_end = begin;
  for (std::int64_t from = begin; from < end;) {
    const std::int64_t voice = audio_.detector()->first_voice(from, end);
    from = audio_.detector()->first_gap(voice, end);
    if (voice < end) lane.voice_end = from;
  }
  lane.is_spoken = audio_.is_spoken(piece.first, piece.n_frames);
  const std::span<const float> pcm = audio_.samples(piece.first, piece.n_frames);
  lane.pcm.assign(pcm.begin(), pcm.end());

  const bool is_language_known = language_decision_.is_settled();
  const int n_exact = is_language_known ? piece.n_frames + kExactPadding : window_frames_;
  if (const auto ok = encode(piece.first, piece.n_frames, n_exact, lane.index); !ok) return ok;
  const auto language = find_language(is_language_known, piece.first, piece.n_frames, lane.index);
  if (!language) return fail(language.error());
  lane.language = is_language_known ? std::string_view(language_) : language_decision_.code();
  prompt_.reset();  // find_language() drops the initial prompt if the language changes.
  const Prompt::View prompt = prompt_.build(*language, options_.task);
  lane.prompt.assign(prompt.tokens.begin(), prompt.tokens.end());
  lane.sot = prompt.sot;
  return begin_window(lane);
}

/// Begins to decode the window that the lane encoded last.
Result<void> BatchTranscriber::begin_window(Lane& lane) {
  lane.decoder->reset();  // The text must not depend on the random numbers of earlier windows.
  lane.decoder->begin({.is_spoken = lane.is_spoken,
                       .detector = audio_.detector(),
                       .begin = lane.piece.first * kHop,
                       .end = (lane.piece.first + lane.piece.n_frames) * kHop});
  const auto more = lane.decoder->run_prompt(lane.prompt_view());
  if (!more) return fail(more.error());
  lane.needs_step = *more;
  return end_attempts(lane);
}

/// Performs one decoder step of all running lanes.
Result<void> BatchTranscriber::step(std::vector<Segment>& out) {
  shares_.clear();
  stepping_.clear();
  for (Lane& lane : lanes_) {
    if (!lane.is_running) continue;
    shares_.push_back({.decoder = decoders_[lane.index].get(),
                       .tokens = lane.decoder->next_tokens(),
                       .logits = {}});
    stepping_.push_back(&lane);
  }
  {
    const Stopwatch watch(stats_.decode_time, "decode");
    if (const auto done = decoder_.step_together(shares_); !done) return done;
    for (std::size_t i = 0; i < stepping_.size(); ++i) {
      const auto more = stepping_[i]->decoder->take(shares_[i].logits);
      if (!more) return fail(more.error());
      stepping_[i]->needs_step = *more;
    }
  }
  for (Lane* lane : stepping_) {
    if (const auto ok = end_attempts(*lane); !ok) return ok;
  }
  return_texts(out);
  return {};
}

/// Ends the current attempt of the lane's decoder if it needs no further step. Then begins the next
/// attempt, or ends the window after its last attempt. Repeats this until an attempt needs a step.
Result<void> BatchTranscriber::end_attempts(Lane& lane) {
  while (!lane.needs_step) {
    if (lane.decoder->ends_attempt()) return end_window(lane);
    const auto more = lane.decoder->run_prompt(lane.prompt_view());
    if (!more) return fail(more.error());
    lane.needs_step = *more;
  }
  return {};
}

/// Appends the segments of the lane's window to the text of its piece. A window that counts as
/// silence has no segments. Then continues or completes the piece.
Result<void> BatchTranscriber::end_window(Lane& lane) {
  const DecodedWindow& heard = lane.decoder->result();
  if (is_silent(heard, lane.is_spoken, options_)) {
    ++stats_.silent_windows;
    return continue_piece(lane, lane.piece.n_frames, false);
  }
  if (!language_decision_.is_settled()) accept_language();
  window_text_.reset();  // The windows of different pieces are not timed in order.
  const auto n_done =
      window_text_.make_segments(heard,
                                 {.decoder = *decoders_[lane.index],
                                  .position = {lane.piece.first, lane.piece.n_frames},
                                  .last_advance = lane.advance_limit.last(),
                                  .language = lane.language,
                                  .pcm = lane.pcm},
                                 segments_);
  if (!n_done) return fail(n_done.error());
  Text& text = texts_[lane.ticket - first_ticket_];
  std::move(segments_.begin(), segments_.end(), std::back_inserter(text.segments));
  const bool is_cut = !heard.tokens.empty() && !tokenizer_.is_timestamp(heard.tokens.back());
  return continue_piece(lane, *n_done, is_cut);
}

/// Decodes the audio of the lane's piece after its first `n_done` frames if it has a voice.
/// Otherwise completes the piece. `is_cut`: the model wrote text after the last timestamp, but no
/// end time. This text is not part of a segment.
Result<void> BatchTranscriber::continue_piece(Lane& lane, int n_done, bool is_cut) {
  Piece& piece = lane.piece;
  n_done = lane.advance_limit.next(n_done, piece.n_frames);
  const int n_left = piece.n_frames - n_done;
  const std::int64_t voice_left = lane.voice_end - (piece.first + n_done) * kHop;
  if (piece.is_open || n_left == 0 || voice_left < (is_cut ? 1 : kLeastRest)) {
    if (piece.is_open) {
      open_limit_ = lane.advance_limit;
      advance(n_done);
    }
    lane.is_running = false;
    texts_[lane.ticket - first_ticket_].is_complete = true;
    return {};
  }
  piece.first += n_done;
  piece.n_frames = n_left;
  lane.is_spoken = audio_.is_spoken(piece.first, piece.n_frames);
  lane.pcm.erase(lane.pcm.begin(),
                 lane.pcm.begin() + std::min(std::ssize(lane.pcm), std::ptrdiff_t{n_done} * kHop));
  const auto encoded = encode_rest(n_done, n_left, n_left + kExactPadding, lane.index);
  if (!encoded) return encoded;
  return begin_window(lane);
}

/// Moves the segments of each complete text at the beginning of texts_ to `out`, up to the first
/// text that is not complete.
void BatchTranscriber::return_texts(std::vector<Segment>& out) {
  while (!texts_.empty() && texts_.front().is_complete) {
    std::ranges::move(texts_.front().segments, std::back_inserter(out));
    texts_.pop_front();
    ++first_ticket_;
  }
}

void BatchTranscriber::advance(std::int64_t n_frames) {
  seek_ += n_frames;
  audio_.discard_before(seek_);
}

}  // namespace npuwhisper
