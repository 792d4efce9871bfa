// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/live_transcriber.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

#include "base/trim.h"
#include "whisper/decoding.h"
#include "whisper/punctuation.h"
#include "whisper/stopwatch.h"
#include "whisper/timestamps.h"
#include "whisper/word_pieces.h"

namespace npuwhisper {
namespace {

/// Maximum number of previous tokens in the prompt. Each pass processes all of these tokens, and
/// additional tokens hardly improve the text.
constexpr int kPreviousTokens = 64;
/// A window of at least this length restarts at a pause, preferably after a sentence. Longer
/// windows cost time in each pass.
constexpr std::int64_t kLongWindow = 15 * kSampleRate;
/// A window with at least this many final tokens may be cut after any word.
constexpr std::size_t kLongText = 128;
/// Minimum length that a cut removes from a window. Windows that may be cut after any word have no
/// minimum.
constexpr std::int64_t kLeastCut = kLongWindow / 3;
/// A window of at least this length may be cut after any word.
constexpr std::int64_t kLongestWindow = 20 * kSampleRate;
/// The score of a cut is the length of its pause in seconds, plus a bonus: kSentenceCut after a
/// sentence, kPhraseCut after other punctuation. A window that begins within a phrase is
/// misrecognised, so cuts that score below kGoodCut are used only in the longest windows.
constexpr double kSentenceCut = 0.6;
constexpr double kPhraseCut = 0.2;
constexpr double kGoodCut = 0.3;
/// Length of silence kept at the end of the audio, because the next word may have begun in it.
constexpr std::int64_t kTail = kSampleRate * 3 / 2;
/// Maximum length of unrecognised speech that is kept at the end of the audio.
constexpr std::int64_t kUnheard = 5 * kSampleRate;
/// A pause of this length ends a window.
constexpr std::int64_t kPause = 2 * kSampleRate;
/// After an overload the stream continues at most this long before the live edge.
constexpr std::int64_t kEdge = kSampleRate;
/// A word further than this from any speech is dropped. The margin allows for inexact word times.
constexpr std::int64_t kTolerance = kSampleRate / 2;
/// If at least this much voice follows the final words, the model must write another word.
constexpr std::int64_t kUnheardWord = kSampleRate / 2;
/// Minimum average log probability of text that the model was forced to write. Less probable text
/// is dropped.
constexpr float kForcedLogProbability = -0.7F;
/// A voice within this distance of the final words or of the end of the audio does not count as
/// unrecognised speech. Also, a recognised word is returned at least this long before its deadline.
constexpr std::int64_t kMargin = kSampleRate / 10;
/// A cut leaves the words of the last two seconds in the window. The times of the newest words can
/// be wrong; a cut before a word's true time would make the next pass recognise it again.
constexpr std::int64_t kKept = 2 * kSampleRate;
/// A language that was detected in less audio than this is detected again.
constexpr std::int64_t kSureLanguage = 3 * kSampleRate;
/// Amount of audio taken at a time while a pass is postponed because more audio waits.
constexpr std::int64_t kPiece = kSampleRate / 50;
/// A pass may write at most kLeastTokens new tokens, plus kTokensPerSecond for each second of new
/// audio. Nobody speaks faster, even in languages with one token per syllable or two per character.
constexpr std::int64_t kTokensPerSecond = 12;
constexpr std::int64_t kLeastTokens = 8;
constexpr std::int64_t kNanosecondsPerSample = 1'000'000'000 / kSampleRate;
/// Number of tokens that word timing adds to the text: four before the text, one after it.
constexpr int kTimingTokens = 5;

/// Returns the score of a cut after `word`, which is followed by a pause of `pause` samples.
double score_of_cut(const Word& word, std::int64_t pause) {
  const double seconds = static_cast<double>(pause) / kSampleRate;
  if (ends_sentence(word.text)) return seconds + kSentenceCut;
  return without_closing(word.text) != word.text ? seconds + kPhraseCut : seconds;
}

}  // namespace

Result<std::unique_ptr<LiveTranscriber>> LiveTranscriber::create(
    const Tokenizer& tokenizer, const ModelConfig& config, const TranscriberOptions& options,
    const DecoderFactory& make_decoder, const LogMelFactory& make_log_mel, PassClock clock,
    const DetectorFactory& make_detector, PassTurns* turns) {
  assert(options.live_latency);
  if (config.alignment_heads.empty()) {
    return fail(ErrorCode::Unsupported,
                "live: expected alignment heads in the model's config.json, found none");
  }
  if (config.n_text_ctx / 2 < kTimingTokens + kLeastTokens) {
    return fail(ErrorCode::Unsupported,
                "live: found " + std::to_string(config.n_text_ctx) + " text positions, wanted " +
                    std::to_string(2 * (kTimingTokens + kLeastTokens)) + " or more");
  }
  auto parts =
      make_parts(tokenizer, config, options, 1, 1, make_decoder, make_log_mel, make_detector);
  if (!parts) return fail(parts.error());
  return std::unique_ptr<LiveTranscriber>(
      new LiveTranscriber(std::move(*parts), std::move(clock), turns));
}

LiveTranscriber::LiveTranscriber(Parts&& parts, PassClock clock, PassTurns* turns)
    : WhisperTranscriber(std::move(parts), 2 * (kPreviousTokens + 1), true),
      max_text_(static_cast<std::size_t>(parts.config.n_text_ctx / 2 - kTimingTokens)),
      clock_(std::move(clock)),
      turns_(turns),
      live_decoder_(tokenizer_, parts.config, options_, decoder_, stats_, hotwords()),
      word_timer_(tokenizer_, parts.config, max_text_),
      compression_ratio_(kBytesPerToken * max_text_),
      schedule_(*options_.live_latency, options_.pace),
      text_(max_text_),
      language_is_sure_(!language_.empty()) {
  set_heard(0);
  draft_.reserve(max_text_);
  window_text_.reserve(kBytesPerToken * max_text_);
}

LiveTranscriber::~LiveTranscriber() {
  leave_turns();
}

void LiveTranscriber::forget() {
  leave_turns();
  text_.reset();
  language_is_sure_ = !language_.empty();
  begin_ = 0;
  set_heard(0);
}

std::vector<Word> LiveTranscriber::draft() const {
  std::vector<Word> words;
  if (is_drained()) return words;
  std::int64_t begin = text_.floor();
  for (const LiveWord& heard : text_.heard()) {
    Word& word = words.emplace_back(heard.word);
    word.start = std::max(word.start, begin);
    word.end = std::max(word.end, word.start);
    begin = word.end;
  }
  return words;
}

std::int64_t LiveTranscriber::samples_waiting() const {
  const bool counts = options_.samples_waiting && schedule_.pace() == Pace::RealTime;
  return counts ? options_.samples_waiting() : 0;
}

/// Returns the number of frames of the window that hold audio.
int LiveTranscriber::n_frames() const {
  return static_cast<int>(std::clamp<std::int64_t>(audio_.end_frame() - begin_, 0, window_frames_));
}

/// Returns the sample at which the audio of the window ends.
std::int64_t LiveTranscriber::audio_end() const {
  return std::min((begin_ + n_frames()) * kHop, audio_.n_samples());
}

/// Returns the number of samples missing until the next pass. With Pace::RealTime the number is at
/// least kPiece, because a pass that is due is postponed while more audio waits. With Pace::Audio
/// the stream takes no samples beyond the next pass.
std::int64_t LiveTranscriber::n_wanted() const {
  if (schedule_.pace() == Pace::Audio) {
    return std::max<std::int64_t>(next_pass_ - audio_.n_samples(), 1);
  }
  return std::max(heard_ + schedule_.hop() - audio_.n_samples(), kPiece);
}

/// Appends the words that are due. If the stream is overloaded, skips to the live edge. Otherwise
/// runs a pass once there is enough new audio, little more audio waits to be pushed, and it is the
/// stream's turn. If the window is full, runs a pass without waiting. Without new speech, rest()
/// replaces the pass.
Result<void> LiveTranscriber::listen(std::vector<Segment>& out) {
  audio_.discard_before(begin_);
  // After a skip, audio before the new live edge is ignored.
  if (audio_.n_samples() <= heard_) return {};
  const std::int64_t n_waiting = samples_waiting();
  keep_deadlines(out);
  if (schedule_.is_overloaded(n_waiting)) {
    skip_to_live_edge(n_waiting, out);
    return {};
  }
  const bool is_full = n_frames() == window_frames_;
  if (!is_full && !is_time_for_pass()) return {};
  if (!is_full && n_waiting > schedule_.hop() / 4) return {};
  if (n_frames() == 0) return {};
  if (is_quiet()) {
    leave_turns();
    rest(out);
    return {};
  }
  if (!is_full && put_off_pass()) return {};
  const auto turn = ask_for_turn(is_full);
  return turn ? pass(false, out) : Result<void>();
}

/// Returns the right to run a pass now, or nullopt if the stream must wait for its turn. A stream
/// does not wait if its window is full (`is_full`), if its pace is Pace::Audio, or if turns_ is
/// null.
std::optional<PassTurns::Turn> LiveTranscriber::ask_for_turn(bool is_full) {
  if (turns_ == nullptr || schedule_.pace() == Pace::Audio) return PassTurns::Turn();
  if (is_full) return turns_->take(this);
  const std::int64_t now = audio_.n_samples() + samples_waiting();
  const std::int64_t n_spare = schedule_.latest_start(heard_) - now;
  const std::chrono::nanoseconds time = clock_();
  return turns_->ask(this, time + std::chrono::nanoseconds(n_spare * kNanosecondsPerSample), time);
}

void LiveTranscriber::leave_turns() {
  if (turns_ != nullptr) turns_->leave(this);
}

/// Records that the audio up to `sample` was processed or skipped.
void LiveTranscriber::set_heard(std::int64_t sample) {
  heard_ = sample;
  next_pass_ = heard_ + schedule_.hop();
  is_put_off_ = false;
}

bool LiveTranscriber::is_time_for_pass() const {
  if (schedule_.pace() == Pace::Audio) return audio_.n_samples() >= next_pass_;
  return audio_.n_samples() - heard_ >= schedule_.hop();
}

/// With Pace::Audio, postpones the next pass to the earliest possible deadline of the words that
/// are not final. A pass after a pause then processes as much speech as possible. Postpones each
/// pass only once. Returns whether the pass must wait. With Pace::RealTime, only returns false.
bool LiveTranscriber::put_off_pass() {
  if (schedule_.pace() == Pace::RealTime || is_put_off_) return false;
  is_put_off_ = true;
  leave_silence();
  const std::int64_t begin = std::min(first_open_voice(), text_.floor() + kTolerance);
  next_pass_ = std::max(next_pass_, begin + schedule_.latency());
  return audio_.n_samples() < next_pass_;
}

/// Returns the first sample with a voice after the final words, or the end of the audio if there is
/// no such sample. Returns text_.floor() without a detector. The voice of the last final word may
/// outlast the word's time, so the search begins kMargin after that time.
std::int64_t LiveTranscriber::first_open_voice() const {
  const SpeechDetector* detector = audio_.detector();
  if (detector == nullptr) return text_.floor();
  const std::int64_t n = audio_.n_samples();
  return detector->first_voice(std::min(text_.floor() + kMargin, n), n);
}

/// With Pace::Audio and a detector, advances position() through silence in which no word begins.
/// Therefore, position() never lags by much more than the latency. A larger lag would fill the
/// queues that are parallel to the element, because these queues hold no more audio than the
/// latency.
void LiveTranscriber::leave_silence() {
  if (schedule_.pace() == Pace::RealTime || audio_.detector() == nullptr) return;
  std::int64_t begin = first_open_voice();
  if (!text_.heard().empty()) begin = std::min(begin, text_.heard().front().word.start);
  text_.raise_floor(begin - kTolerance);
}

/// With Pace::RealTime, appends the words whose deadline is at most kMargin away or has passed.
/// Words after their deadline get the earliest time that the latency still allows. Words of later
/// passes cannot begin before that time either, so no word is later than the latency, however long
/// passes take.
void LiveTranscriber::keep_deadlines(std::vector<Segment>& out) {
  if (schedule_.pace() == Pace::Audio) return;
  const std::int64_t due = audio_.n_samples() + samples_waiting() - schedule_.latency();
  const std::size_t n = text_.n_ended(due + kMargin);
  stats_.late_words += static_cast<std::uint64_t>(std::ranges::count_if(
      text_.heard().first(n), [&](const LiveWord& live) { return live.word.end < due; }));
  text_.raise_floor(due);
  commit(n, out);
}

Result<void> LiveTranscriber::listen_to_rest(std::vector<Segment>& out) {
  leave_turns();
  if (n_frames() > 0 && heard_ < audio_.n_samples() && !is_quiet()) return pass(true, out);
  commit(text_.n_all(), out);
  return {};
}

/// Returns whether the detector found no speech since the last pass; false without a detector.
bool LiveTranscriber::is_quiet() const {
  return audio_.detector() != nullptr && !audio_.detector()->has_speech_since(heard_);
}

/// Replaces a pass if there is no new speech: commits words and moves the window, but decodes
/// nothing.
void LiveTranscriber::rest(std::vector<Segment>& out) {
  const std::int64_t end = audio_.n_samples();
  stats_.unspoken_samples += static_cast<std::uint64_t>(end - heard_);
  set_heard(end);
  text_.hear_nothing(end);
  commit(text_.n_final(schedule_, heard_, heard_ + samples_waiting()), out);
  if (text_.n_all() == 0) text_.forget_heard();
  move_on();
  shorten_window();
  audio_.discard_before(begin_);
}

void LiveTranscriber::skip_to_live_edge(std::int64_t n_waiting, std::vector<Segment>& out) {
  commit(text_.n_all(), out);
  // The edge is never before heard_, because more audio than the latency waits.
  const std::int64_t edge =
      audio_.n_samples() + n_waiting - std::min(kEdge, schedule_.latency() / 2);
  stats_.skipped_samples += static_cast<std::uint64_t>(edge - heard_);
  begin_after(text_.committed().size(), edge, true);
  set_heard(edge);
}

Result<void> LiveTranscriber::pass(bool is_last, std::vector<Segment>& out) {
  if (const auto ok = check_running(); !ok) return ok;
  const auto start = clock_();
  const std::uint64_t n_loops = stats_.loops;
  if (const auto ok = hear_window(); !ok) return ok;
  if (is_last && stats_.loops > n_loops && n_frames() > 0) {
    // Decodes the window again, because no later pass can recognise the speech whose text was
    // dropped as a loop.
    if (const auto ok = hear_window(); !ok) return ok;
  }
  set_heard(audio_.n_samples());
  schedule_.took(clock_() - start);
  keep_deadlines(out);
  const std::int64_t now = heard_ + samples_waiting();
  commit(is_last ? text_.n_all() : text_.n_final(schedule_, heard_, now), out);
  if (is_last) return {};
  leave_silence();
  move_on();
  shorten_window();
  audio_.discard_before(begin_);
  return {};
}

/// Decodes the window and fills text_.heard() with the words after the final ones.
Result<void> LiveTranscriber::hear_window() {
  // Until the language is certain, all positions are encoded exactly. With thinned padding
  // (TokenDecoder::encode()), the model tends to detect a rare language in near-silence and to
  // hallucinate text.
  const int n_exact = language_is_sure_ ? n_frames() + kExactPadding : window_frames_;
  if (const auto ok = encode(begin_, n_frames(), n_exact); !ok) return ok;
  const auto language = find_language(language_is_sure_, begin_, n_frames());
  if (!language) return fail(language.error());
  const std::span<const Token> open_end = text_.open_end();
  const std::size_t n_committed = text_.committed_tokens().size() - open_end.size();
  draft_.assign(open_end.begin(), open_end.end());
  draft_.insert(draft_.end(), text_.draft().begin(), text_.draft().end());
  const std::int64_t n_new = std::max<std::int64_t>(audio_end() - text_.floor(), 0);
  const auto max_new =
      std::min(max_text_ - n_committed,
               static_cast<std::size_t>(kLeastTokens + kTokensPerSecond * n_new / kSampleRate));
  const auto heard = live_decoder_.decode({.prompt = prompt_.build(*language, options_.task),
                                           .committed = text_.committed_tokens().first(n_committed),
                                           .draft = draft_,
                                           .must_speak = is_speech_unheard(),
                                           .max_new = static_cast<int>(max_new)});
  if (!heard) return fail(heard.error());
  const LiveHearing& hearing = **heard;
  facts_.average_log_probability = hearing.average_log_probability;
  facts_.no_speech_probability = hearing.no_speech_probability;
  // A window with final words has speech, so the no-speech rule applies only to windows without
  // final words.
  if (n_committed == 0 && is_silent({.average_log_probability = hearing.average_log_probability,
                                     .no_speech_probability = hearing.no_speech_probability},
                                    false, options_)) {
    ++stats_.silent_windows;
    text_.forget_heard();
    return {};
  }
  // Text that the model was forced to write counts only if it is probable.
  if (hearing.was_forced && hearing.average_log_probability < kForcedLogProbability) {
    text_.forget_heard();
    return {};
  }
  if (is_loop(hearing)) {
    ++stats_.loops;
    text_.forget_heard();
    // Without final words the audio itself causes the loop, so the audio is skipped.
    const bool has_text = n_committed > 0;
    begin_after(text_.committed().size(), has_text ? text_.floor() : audio_end() - kTail, false);
    prompt_.forget_previous_text();
    return {};
  }
  if (!language_is_sure_) accept_language();
  const std::span<const Token> tokens = without_open_end(hearing.tokens);
  const auto words = time_words(tokens);
  if (!words) return fail(words.error());
  const bool is_doubtful = hearing.average_log_probability < options_.log_prob_threshold;
  stats_.invented_words +=
      text_.hear(placed_at_voice(without_unspoken(*words)), tokens, is_doubtful, audio_end());
  return {};
}

/// Moves the punctuation at the beginning of `tokens` to the open end of the final text, and
/// returns the remaining tokens. Punctuation that continues without a space, as in "cold-hearted"
/// or "3.5", stays in `tokens`.
std::span<const Token> LiveTranscriber::without_open_end(std::span<const Token> tokens) {
  if (tokens.empty()) return tokens;
  std::string end;
  std::size_t n = 0;
  while (n < tokens.size() && is_closing(tokenizer_.bytes(tokens[n]))) {
    end += tokenizer_.bytes(tokens[n++]);
  }
  const bool begins_word = n == tokens.size() || tokenizer_.bytes(tokens[n]).starts_with(' ') ||
                           is_written_without_spaces(language_);
  if (!begins_word) {
    n = 0;
    end.clear();
  }
  text_.replace_open_end(tokens.first(n), end);
  return tokens.subspan(n);
}

/// Returns whether the window's whole text repeats itself. Sets facts_.compression_ratio.
bool LiveTranscriber::is_loop(const LiveHearing& hearing) {
  window_text_.clear();
  for (const Token token : text_.committed_tokens()) window_text_ += tokenizer_.bytes(token);
  for (const Token token : hearing.tokens) window_text_ += tokenizer_.bytes(token);
  facts_.compression_ratio = compression_ratio_(trim(window_text_));
  return facts_.compression_ratio > options_.compression_ratio_threshold;
}

/// Returns the words of the new text `heard`, with their times.
Result<std::span<LiveWord>> LiveTranscriber::time_words(std::span<const Token> heard) {
  const Stopwatch watch(stats_.align_time, "word times");
  return word_timer_.time(decoder_,
                          {.first_sample = begin_ * kHop,
                           .n_frames = n_frames(),
                           .language = language_,
                           .task = options_.task,
                           .pcm = audio_.samples(begin_, n_frames())},
                          text_.committed_tokens(), heard);
}

/// Returns whether the detector found so much voice after the final words that a word must be
/// missing. Returns false without a detector or without final words. After a wrong full stop the
/// model often writes nothing for several passes.
bool LiveTranscriber::is_speech_unheard() const {
  const SpeechDetector* detector = audio_.detector();
  const auto committed = text_.committed();
  if (detector == nullptr || committed.empty()) return false;
  return detector->n_voiced(committed.back().word.end + kMargin, audio_end() - kMargin) >=
         kUnheardWord;
}

/// Moves words from the pause before a sentence to the voice, because alignment tends to place the
/// first words of a sentence too early. The first such word moves to the start of the first voice
/// after the final words. Each further such word moves to the end of the word before it.
std::span<LiveWord> LiveTranscriber::placed_at_voice(std::span<LiveWord> words) const {
  const SpeechDetector* detector = audio_.detector();
  if (detector == nullptr) return words;
  std::int64_t begin = detector->first_voice(text_.floor(), audio_end());
  if (begin == audio_end()) return words;
  for (LiveWord& live : words) {
    if (live.word.end > begin) break;
    const std::int64_t length = live.word.end - live.word.start;
    live.word.start = begin;
    live.word.end = std::min(begin + length, audio_end());
    begin = live.word.end;
  }
  return words;
}

/// Removes words without speech near them and returns the others. Only audio that the detector has
/// judged is searched for speech.
std::span<LiveWord> LiveTranscriber::without_unspoken(std::span<LiveWord> words) {
  const SpeechDetector* detector = audio_.detector();
  if (detector == nullptr) return words;
  const auto kept_end = std::remove_if(words.begin(), words.end(), [&](const LiveWord& live) {
    const std::int64_t end = std::min(live.word.end + kTolerance, detector->n_judged());
    return !detector->has_speech(live.word.start - kTolerance, end);
  });
  const auto n_kept = static_cast<std::size_t>(kept_end - words.begin());
  stats_.unspoken_segments += words.size() - n_kept;
  return words.first(n_kept);
}

/// Makes the first `n` words of text_.heard() final and appends them to `out` as a segment.
void LiveTranscriber::commit(std::size_t n, std::vector<Segment>& out) {
  if (n == 0) return;
  const std::size_t n_tokens = text_.committed_tokens().size();
  std::vector<Word> words = text_.commit(n, std::max(heard_, text_.floor()));
  language_is_sure_ = language_is_sure_ || (audio_end() - begin_ * kHop >= kSureLanguage &&
                                            language_decision_.is_settled());
  Segment& segment = out.emplace_back(facts_);
  segment.start = words.front().start;
  segment.end = words.back().end;
  for (Word& word : words) {
    word.text.resize(without_ellipsis(word.text).size());
    segment.text += word.text;
  }
  const auto tokens = text_.committed_tokens().subspan(n_tokens);
  segment.tokens.assign(tokens.begin(), tokens.end());
  segment.language = language_;
  if (options_.word_times) segment.words = std::move(words);
}

/// Moves the window past audio without words.
void LiveTranscriber::move_on() {
  if (!text_.heard().empty()) return;
  const std::int64_t edge = silent_to();
  const auto committed = text_.committed();
  const bool is_pause = committed.empty() || committed.back().word.end < audio_end() - kPause;
  if (is_pause && edge > begin_ * kHop) begin_after(committed.size(), edge, true);
  text_.raise_floor(edge);
}

/// Returns the sample up to which audio without words may be discarded. With a detector, speech
/// without recognised words is kept, because a pass over more audio may recognise it. However,
/// never more than the last kUnheard of the audio is kept.
std::int64_t LiveTranscriber::silent_to() const {
  const std::int64_t edge = audio_end() - kTail;
  const SpeechDetector* detector = audio_.detector();
  if (detector == nullptr) return edge;
  const auto committed = text_.committed();
  const std::int64_t from =
      committed.empty() ? begin_ * kHop : committed.back().word.end + kTolerance;
  return std::max(std::min(edge, detector->silent_until(from)), audio_end() - kUnheard);
}

/// Cuts a long or full window after a final word. If the window is still full, restarts it near the
/// end of the audio.
void LiveTranscriber::shorten_window() {
  const bool is_long =
      audio_end() - begin_ * kHop >= kLongWindow || text_.committed_tokens().size() >= kLongText;
  if (!is_long && n_frames() < window_frames_) return;
  if (!text_.committed().empty()) cut_window();
  if (n_frames() < window_frames_) return;
  // Words that are not final after a full window have waited longer than any latency allows and
  // have no meaningful times.
  text_.forget_heard();
  const std::int64_t tail = std::min<std::int64_t>(kTail, window_frames_ * kHop / 2);
  begin_after(text_.committed().size(), audio_end() - tail, true);
}

/// Restarts the window after the final word with the best score_of_cut(), if that score is good
/// enough.
void LiveTranscriber::cut_window() {
  const auto committed = text_.committed();
  const bool is_longest =
      audio_end() - begin_ * kHop >= kLongestWindow || text_.committed_tokens().size() >= kLongText;
  double best = is_longest ? -1.0 : kGoodCut;
  std::size_t n = 0;
  for (std::size_t i = 1; i <= committed.size(); ++i) {
    const Word& word = committed[i - 1].word;
    if (word.end > audio_end() - kKept) break;
    if (word.end - begin_ * kHop < kLeastCut && !is_longest) continue;
    const double score = score_of_cut(word, next_start(i) - word.end);
    if (score < best) continue;
    best = score;
    n = i;
  }
  if (n == 0) return;
  const std::int64_t end = committed[n - 1].word.end;
  begin_after(n, end + std::max<std::int64_t>(next_start(n) - end, 0) / 2, true);
}

/// Returns the sample at which the word after the first `n` final words of the window begins, or
/// the end of the nth word if no word follows. Requires n >= 1.
std::int64_t LiveTranscriber::next_start(std::size_t n) const {
  const auto committed = text_.committed();
  if (n < committed.size()) return committed[n].word.start;
  return text_.heard().empty() ? committed[n - 1].word.end : text_.heard().front().word.start;
}

/// Restarts the window at `sample`, after its first `n_words` final words. With `keep_text`, these
/// words become previous text of the prompt if options_.condition_on_previous_text is set.
void LiveTranscriber::begin_after(std::size_t n_words, std::int64_t sample, bool keep_text) {
  if (keep_text && options_.condition_on_previous_text) {
    prompt_.append(text_.committed_tokens(n_words));
  }
  text_.drop_committed(n_words);
  begin_ = std::max(begin_, sample / kHop);
  if (text_.committed().empty()) text_.raise_floor(begin_ * kHop);
}

}  // namespace npuwhisper
