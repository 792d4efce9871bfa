// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/live_transcriber.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <string_view>
#include <type_traits>
#include <utility>

#include "vad/open_detector.h"
#include "whisper/check_options.h"
#include "whisper/decoding.h"
#include "whisper/punctuation.h"
#include "whisper/stopwatch.h"
#include "whisper/timestamps.h"
#include "whisper/trim.h"

namespace npuwhisper {
namespace {

/// Mel frames past a window that the front end may hold: what drain() adds when a window is full.
constexpr int kSpareFrames = 16;
/// Previous text in the prompt. All of it is run in each pass; more helps little.
constexpr int kPreviousTokens = 64;
/// A window of this length begins anew behind a sentence. Longer ones cost time in each pass.
constexpr std::int64_t kLongWindow = 15 * kSampleRate;
/// Likewise one with so many tokens that stand.
constexpr std::size_t kLongText = 128;
/// Where a window is cut, at least this much of it is left out, or else any word will do.
constexpr std::int64_t kLeastCut = kLongWindow / 3;
/// Audio before the live edge that is kept where nobody spoke: the first word may have begun.
constexpr std::int64_t kTail = kSampleRate * 3 / 2;
/// A pause of this length ends a window.
constexpr std::int64_t kPause = 2 * kSampleRate;
/// After overload the stream goes on so long before the live edge.
constexpr std::int64_t kEdge = kSampleRate;
/// How far from any speech a word is dropped; its time is not exact.
constexpr std::int64_t kTolerance = kSampleRate / 2;
/// A language that was found in less audio than this is looked for again.
constexpr std::int64_t kSureLanguage = 3 * kSampleRate;
/// Taken at a time while a pass is put off, because more audio waits.
constexpr std::int64_t kPiece = kSampleRate / 50;
/// Nobody says more tokens than this in a second, even of languages with a token a syllable or two
/// a character.
constexpr std::int64_t kTokensPerSecond = 12;
constexpr std::int64_t kLeastTokens = 8;
/// Tokens around the text when words are timed: four before, one after.
constexpr int kTimingTokens = 5;
constexpr std::size_t kBytesPerToken = 16;

std::string known_language(const TranscriberOptions& options, const Tokenizer& tokenizer) {
  return tokenizer.is_multilingual() ? options.language : "en";
}

}  // namespace

Result<std::unique_ptr<LiveTranscriber>> LiveTranscriber::create(
    const Tokenizer& tokenizer, const ModelConfig& config, const TranscriberOptions& options,
    const DecoderFactory& make_decoder, const LogMelFactory& make_log_mel, PassClock clock,
    std::unique_ptr<SpeechDetector> detector) {
  assert(options.live_latency);
  if (const auto ok = check_options(options, tokenizer); !ok) return fail(ok.error());
  if (config.alignment_heads.empty()) {
    return fail(ErrorCode::Unsupported,
                "live: expected alignment heads in the model's config.json, found none");
  }
  if (config.n_text_ctx / 2 < kTimingTokens + kLeastTokens) {
    return fail(ErrorCode::Unsupported,
                "live: found " + std::to_string(config.n_text_ctx) + " text positions, wanted " +
                    std::to_string(2 * (kTimingTokens + kLeastTokens)) + " or more");
  }
  auto mel = make_log_mel(kFramesPerTimestamp * config.n_audio_ctx + kSpareFrames);
  if (!mel) return fail(mel.error());
  auto cancelled = std::make_unique<std::atomic<bool>>(false);
  auto decoder = make_decoder(1, *cancelled);
  if (!decoder) return fail(decoder.error());
  return std::unique_ptr<LiveTranscriber>(
      new LiveTranscriber(tokenizer, config, options, std::move(cancelled), std::move(*decoder),
                          std::move(*mel), std::move(clock), std::move(detector)));
}

LiveTranscriber::LiveTranscriber(const Tokenizer& tokenizer, const ModelConfig& config,
                                 const TranscriberOptions& options,
                                 std::unique_ptr<std::atomic<bool>> cancelled,
                                 std::unique_ptr<TokenDecoder> decoder, std::unique_ptr<LogMel> mel,
                                 PassClock clock, std::unique_ptr<SpeechDetector> detector)
    : tokenizer_(tokenizer),
      options_(options),
      window_frames_(kFramesPerTimestamp * config.n_audio_ctx),
      max_text_(static_cast<std::size_t>(config.n_text_ctx / 2 - kTimingTokens)),
      cancelled_(std::move(cancelled)),
      decoder_(std::move(decoder)),
      mel_(std::move(mel)),
      clock_(std::move(clock)),
      detector_(std::move(detector)),
      live_decoder_(tokenizer, config, options_, *decoder_, stats_),
      word_timer_(tokenizer, config),
      splitter_(tokenizer, max_text_),
      compression_ratio_(kBytesPerToken * max_text_),
      prompt_(tokenizer, 2 * (kPreviousTokens + 1), options.initial_prompt),
      schedule_(*options.live_latency),
      language_(known_language(options, tokenizer)),
      language_is_sure_(!language_.empty()) {
  window_.resize(static_cast<std::size_t>(window_frames_ * config.n_mels));
  stats_.vad = vad_use(options_, detector_ != nullptr);
  published_ = stats_;
  pcm_.reserve(static_cast<std::size_t>((window_frames_ + kSpareFrames) * kHop + kFftSize));
}

template <typename Sample>
Result<std::vector<Segment>> LiveTranscriber::hear(std::span<const Sample> pcm) {
  if (const auto ok = check_running(); !ok) return fail(ok.error());
  if (drained_) {
    return fail(ErrorCode::InvalidArgument, "push: found a drained stream, wanted reset() before");
  }
  std::vector<Segment> out;
  while (!pcm.empty()) {
    if (const auto ok = check_running(); !ok) return fail(ok.error());
    pcm = pcm.subspan(take(pcm));
    if (auto ok = consider_pass(out); !ok) {
      error_ = ok.error();
      publish_stats();
      return fail(*error_);
    }
  }
  publish_stats();
  return out;
}

template Result<std::vector<Segment>> LiveTranscriber::hear(std::span<const float> pcm);
template Result<std::vector<Segment>> LiveTranscriber::hear(std::span<const std::int16_t> pcm);

Result<std::vector<Segment>> LiveTranscriber::drain() {
  if (const auto ok = check_running(); !ok) return fail(ok.error());
  std::vector<Segment> out;
  if (drained_) return out;
  mel_->finish();
  if (detector_) detector_->finish();
  if (n_frames() > 0 && heard_ < mel_->n_samples() && !is_quiet()) {
    if (auto ok = pass(true, out); !ok) {
      error_ = ok.error();
      publish_stats();
      return fail(*error_);
    }
  } else {
    commit(text_.n_all(), out);
  }
  drained_ = true;
  publish_stats();
  return out;
}

void LiveTranscriber::reset() {
  *cancelled_ = false;
  error_.reset();
  drained_ = false;
  mel_->reset();
  if (detector_) detector_->reset();
  pcm_.clear();
  prompt_.reset();
  text_.reset();
  language_ = known_language(options_, tokenizer_);
  language_is_sure_ = !language_.empty();
  begin_ = 0;
  pcm_begin_ = 0;
  heard_ = 0;
}

std::int64_t LiveTranscriber::position() const {
  return drained_ ? mel_->n_samples() : std::min(text_.floor(), mel_->n_samples());
}

std::vector<Word> LiveTranscriber::draft() const {
  std::vector<Word> words;
  if (drained_) return words;
  std::int64_t begin = text_.floor();
  for (const LiveWord& heard : text_.heard()) {
    Word& word = words.emplace_back(heard.word);
    word.start = std::max(word.start, begin);
    word.end = std::max(word.end, word.start);
    begin = word.end;
  }
  return words;
}

TranscriberStats LiveTranscriber::stats() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

void LiveTranscriber::publish_stats() {
  stats_.bytes_copied = mel_->bytes_copied();
  if (detector_) stats_.speech_samples = static_cast<std::uint64_t>(detector_->n_spoken());
  const std::lock_guard lock(mutex_);
  published_ = stats_;
}

Result<void> LiveTranscriber::check_running() const {
  if (*cancelled_) return fail(ErrorCode::Cancelled, "transcription was cancelled");
  if (error_) return fail(*error_);
  return {};
}

std::int64_t LiveTranscriber::samples_waiting() const {
  return options_.samples_waiting ? options_.samples_waiting() : 0;
}

/// Of the window, with audio in them.
int LiveTranscriber::n_frames() const {
  return static_cast<int>(std::clamp<std::int64_t>(mel_->end_frame() - begin_, 0, window_frames_));
}

/// Sample at which the audio of the window ends.
std::int64_t LiveTranscriber::audio_end() const {
  return std::min((begin_ + n_frames()) * kHop, mel_->n_samples());
}

/// Takes the beginning of `pcm`, up to where a pass may be due, and returns its length.
template <typename Sample>
std::size_t LiveTranscriber::take(std::span<const Sample> pcm) {
  // Stops where the hop ends, so that passes do not depend on how the audio is cut.
  const std::int64_t left = heard_ + schedule_.hop() - mel_->n_samples();
  const auto wanted = static_cast<std::size_t>(std::max(left, kPiece));
  pcm = pcm.first(std::min(pcm.size(), wanted));
  std::size_t taken = 0;
  {
    const Stopwatch watch(stats_.mel_time, "mel");
    taken = mel_->push(pcm);
  }
  assert(taken > 0 && "a full front end means that the window was not shortened");
  const auto own = pcm.first(taken);
  if (detector_) {
    const Stopwatch watch(stats_.vad_time, "vad");
    detector_->push(own);
  }
  if constexpr (std::is_same_v<Sample, std::int16_t>) {
    std::transform(own.begin(), own.end(), std::back_inserter(pcm_),
                   [](std::int16_t sample) { return static_cast<float>(sample) / 32768.0F; });
  } else {
    pcm_.insert(pcm_.end(), own.begin(), own.end());
  }
  stats_.samples += taken;
  discard();
  return taken;
}

/// Forgets audio before the window.
void LiveTranscriber::discard() {
  mel_->discard_before(std::clamp(begin_, mel_->first_frame(), mel_->end_frame()));
  const std::int64_t have = pcm_begin_ + static_cast<std::int64_t>(pcm_.size());
  const std::int64_t to = std::clamp(begin_ * kHop, pcm_begin_, have);
  pcm_.erase(pcm_.begin(), pcm_.begin() + static_cast<std::ptrdiff_t>(to - pcm_begin_));
  pcm_begin_ = to;
}

/// Decodes if it is time to: there is enough new audio, and none that is about to come.
Result<void> LiveTranscriber::consider_pass(std::vector<Segment>& out) {
  // Before the live edge after a skip there is nothing to hear.
  if (mel_->n_samples() <= heard_) return {};
  const std::int64_t n_waiting = samples_waiting();
  if (schedule_.is_overloaded(n_waiting)) {
    skip_to_live_edge(n_waiting, out);
    return {};
  }
  const bool is_full = n_frames() == window_frames_;
  if (!is_full && mel_->n_samples() - heard_ < schedule_.hop()) return {};
  if (!is_full && n_waiting > schedule_.hop() / 4) return {};
  if (n_frames() == 0) return {};
  if (!is_quiet()) return pass(false, out);
  rest(out);
  return {};
}

/// Nobody has spoken since the last pass.
bool LiveTranscriber::is_quiet() const {
  return detector_ && !detector_->has_speech_since(heard_);
}

/// What a pass does where there is nothing new to hear.
void LiveTranscriber::rest(std::vector<Segment>& out) {
  const std::int64_t end = mel_->n_samples();
  stats_.unspoken_samples += static_cast<std::uint64_t>(end - heard_);
  heard_ = end;
  commit(text_.n_final(schedule_, heard_, heard_ + samples_waiting()), out);
  if (text_.n_all() == 0) text_.forget_heard();
  move_on();
  shorten_window();
  discard();
}

void LiveTranscriber::skip_to_live_edge(std::int64_t n_waiting, std::vector<Segment>& out) {
  commit(text_.n_all(), out);
  // Never back to what was heard: more than the latency waits.
  const std::int64_t edge =
      mel_->n_samples() + n_waiting - std::min(kEdge, schedule_.latency() / 2);
  stats_.skipped_samples += static_cast<std::uint64_t>(edge - heard_);
  begin_after(text_.committed().size(), edge, true);
  heard_ = edge;
}

Result<void> LiveTranscriber::pass(bool is_last, std::vector<Segment>& out) {
  if (const auto ok = check_running(); !ok) return ok;
  const auto start = clock_();
  if (const auto ok = hear_window(); !ok) return ok;
  heard_ = mel_->n_samples();
  schedule_.took(clock_() - start);
  const std::int64_t now = heard_ + samples_waiting();
  commit(is_last ? text_.n_all() : text_.n_final(schedule_, heard_, now), out);
  if (is_last) return {};
  move_on();
  shorten_window();
  discard();
  return {};
}

/// Fills text_.heard() with what the window says after the words that stand.
Result<void> LiveTranscriber::hear_window() {
  if (const auto ok = encode(); !ok) return ok;
  const auto language = find_language();
  if (!language) return fail(language.error());
  const std::size_t n_committed = text_.committed_tokens().size();
  const std::int64_t n_new = std::max<std::int64_t>(audio_end() - text_.floor(), 0);
  const auto max_new =
      std::min(max_text_ - n_committed,
               static_cast<std::size_t>(kLeastTokens + kTokensPerSecond * n_new / kSampleRate));
  const auto heard = live_decoder_.decode({.prompt = prompt_.build(*language, options_.task),
                                           .committed = text_.committed_tokens(),
                                           .draft = text_.draft(),
                                           .max_new = static_cast<int>(max_new)});
  if (!heard) return fail(heard.error());
  const LiveHearing& hearing = **heard;
  facts_.average_log_probability = hearing.average_log_probability;
  facts_.no_speech_probability = hearing.no_speech_probability;
  // Where words stand, somebody spoke.
  if (n_committed == 0 && is_silent({.average_log_probability = hearing.average_log_probability,
                                     .no_speech_probability = hearing.no_speech_probability},
                                    options_)) {
    ++stats_.silent_windows;
    text_.forget_heard();
    return {};
  }
  if (is_loop(hearing)) {
    text_.forget_heard();
    // Without words that stand, move_on() leaves the audio behind.
    if (n_committed > 0) begin_after(text_.committed().size(), text_.floor(), false);
    prompt_.forget_previous_text();
    return {};
  }
  if (*language) language_ = tokenizer_.language_code(**language);
  auto words = time_words(hearing);
  if (!words) return fail(words.error());
  if (detector_) drop_unspoken(*words);
  text_.hear(std::move(*words), hearing.average_log_probability < options_.log_prob_threshold,
             audio_end());
  return {};
}

Result<void> LiveTranscriber::encode() {
  {
    const Stopwatch watch(stats_.mel_time, "mel");
    if (const auto made = mel_->window(begin_, window_frames_, window_); !made) {
      return fail(made.error());
    }
  }
  const Stopwatch watch(stats_.encode_time, "encode");
  ++stats_.windows;
  return decoder_->encode(window_);
}

Result<std::optional<Token>> LiveTranscriber::find_language() {
  if (!tokenizer_.is_multilingual()) return std::optional<Token>();
  if (language_is_sure_) return tokenizer_.language_token(language_);
  const Stopwatch watch(stats_.prompt_time, "prompt");
  const auto token = detect_language(tokenizer_, *decoder_);
  if (!token) return fail(token.error());
  return std::optional<Token>(*token);
}

/// The window's text in one piece repeats itself.
bool LiveTranscriber::is_loop(const LiveHearing& hearing) {
  std::string text;
  for (const Token token : text_.committed_tokens()) text += tokenizer_.bytes(token);
  for (const Token token : hearing.tokens) text += tokenizer_.bytes(token);
  facts_.compression_ratio = compression_ratio_(trim(text));
  return facts_.compression_ratio > options_.compression_ratio_threshold;
}

/// The words of what is new, with their times.
Result<std::vector<LiveWord>> LiveTranscriber::time_words(const LiveHearing& hearing) {
  const Stopwatch watch(stats_.align_time, "word times");
  std::vector<LiveWord> words;
  if (hearing.tokens.empty()) return words;
  const std::int64_t begin = begin_ * kHop;
  const std::span<const Token> parts[] = {text_.committed_tokens(), hearing.tokens};
  segments_.resize(std::size(parts));
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    segments_[i].start = begin;
    segments_[i].end = audio_end();
    segments_[i].tokens.assign(parts[i].begin(), parts[i].end());
    segments_[i].text = tokenizer_.decode(parts[i]);
    segments_[i].words.clear();
  }
  const auto n_samples = std::min(pcm_.size(), static_cast<std::size_t>(n_frames()) * kHop);
  word_timer_.reset();  // It would keep the words that stand from being timed again.
  const auto timed = word_timer_.add_words(*decoder_,
                                           {.first_sample = begin,
                                            .n_frames = n_frames(),
                                            .language = language_,
                                            .task = options_.task,
                                            .pcm = std::span(pcm_).first(n_samples)},
                                           segments_);
  if (!timed) return fail(timed.error());
  const auto pieces = splitter_.split(hearing.tokens, is_written_without_spaces(language_));
  const auto groups = splitter_.group();
  std::vector<Word>& times = segments_.back().words;
  assert(groups.size() == times.size());
  for (std::size_t i = 0; i < times.size(); ++i) {
    const auto first =
        hearing.tokens.begin() + static_cast<std::ptrdiff_t>(pieces[groups[i].first].first_token);
    const auto end =
        hearing.tokens.begin() + static_cast<std::ptrdiff_t>(pieces[groups[i].end - 1].end_token);
    words.push_back({.word = std::move(times[i]),
                     .tokens = {first, end},
                     .is_spoken = pieces[groups[i].core].is_spoken});
  }
  return words;
}

/// What is not known yet is left to the next pass.
void LiveTranscriber::drop_unspoken(std::vector<LiveWord>& words) {
  stats_.unspoken_segments += std::erase_if(words, [&](const LiveWord& live) {
    const std::int64_t end = std::min(live.word.end + kTolerance, detector_->n_judged());
    return !detector_->has_speech(live.word.start - kTolerance, end);
  });
}

/// Returns the first `n` words heard, as a segment.
void LiveTranscriber::commit(std::size_t n, std::vector<Segment>& out) {
  if (n == 0) return;
  const std::size_t n_tokens = text_.committed_tokens().size();
  std::vector<Word> words = text_.commit(n, std::max(heard_, text_.floor()));
  if (!language_is_sure_ && audio_end() - begin_ * kHop >= kSureLanguage) language_is_sure_ = true;
  Segment& segment = out.emplace_back(facts_);
  segment.start = words.front().start;
  segment.end = words.back().end;
  for (const Word& word : words) segment.text += word.text;
  const auto tokens = text_.committed_tokens().subspan(n_tokens);
  segment.tokens.assign(tokens.begin(), tokens.end());
  segment.language = language_;
  if (options_.word_times) segment.words = std::move(words);
}

/// Leaves audio behind in which nothing was said.
void LiveTranscriber::move_on() {
  if (!text_.heard().empty()) return;
  const std::int64_t edge = audio_end() - kTail;
  const auto committed = text_.committed();
  const bool is_pause = committed.empty() || committed.back().word.end < audio_end() - kPause;
  if (is_pause && edge > begin_ * kHop) begin_after(committed.size(), edge, true);
  text_.raise_floor(edge);
}

/// Begins a long window anew.
void LiveTranscriber::shorten_window() {
  const bool is_long =
      audio_end() - begin_ * kHop >= kLongWindow || text_.committed_tokens().size() >= kLongText;
  if (!is_long) return;
  if (!text_.committed().empty()) cut_behind_sentence();
  if (n_frames() < window_frames_) return;
  // Words that wait for longer than any latency allows have no times that make sense.
  text_.forget_heard();
  begin_after(text_.committed().size(), audio_end() - kTail, true);
}

/// Or else behind the last word that stands.
void LiveTranscriber::cut_behind_sentence() {
  const auto committed = text_.committed();
  std::size_t n = committed.size();
  while (n > 0 && !ends_sentence(committed[n - 1].word.text)) --n;
  if (n == 0 || committed[n - 1].word.end - begin_ * kHop < kLeastCut) n = committed.size();
  const std::int64_t end = committed[n - 1].word.end;
  const std::int64_t next = n < committed.size()    ? committed[n].word.start
                            : text_.heard().empty() ? end
                                                    : text_.heard().front().word.start;
  begin_after(n, end + std::max<std::int64_t>(next - end, 0) / 2, true);
}

/// The window begins at `sample`, behind its first `n_words` words that stand, which become
/// previous text.
void LiveTranscriber::begin_after(std::size_t n_words, std::int64_t sample, bool keep_text) {
  if (keep_text && options_.condition_on_previous_text) {
    for (const LiveWord& word : text_.committed().first(n_words)) prompt_.append(word.tokens);
  }
  text_.drop_committed(n_words);
  begin_ = std::max(begin_, sample / kHop);
  if (text_.committed().empty()) text_.raise_floor(begin_ * kHop);
}

}  // namespace npuwhisper
