// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <npuwhisper/api.h>
#include <npuwhisper/audio_ring.h>
#include <npuwhisper/engine.h>
#include <npuwhisper/result.h>
#include <npuwhisper/segment.h>

namespace npuwhisper {

inline constexpr int kSampleRate = 16000;
/// Maximum of TranscriberOptions::batch.
inline constexpr int kMaxBatch = 16;
/// Number of pieces that are decoded together if TranscriberOptions::batch is 0 (auto).
inline constexpr int kAutoBatch = 8;

/// Returns the maximum duration, in samples, of the audio between Transcriber::position() and the
/// end of the audio pushed, for a stream that is not live. `batch`: TranscriberOptions::batch.
constexpr std::int64_t longest_lag(int batch) {
  // The spectrum of a window's last frame needs a few samples after the window.
  constexpr std::int64_t kWindow = 30 * kSampleRate + kSampleRate / 100;
  // With several pieces: `batch` pieces are being decoded, up to two later pieces have a text that
  // must wait for the text of the first piece, and the last window is still incomplete.
  const int n_windows = batch == 1 ? 1 : (batch == 0 ? kAutoBatch : batch) + 3;
  return n_windows * kWindow;
}

enum class Task { Transcribe, Translate };

/// Voice activity detection. Auto and On use the detection. If the weights of the detection are not
/// found, On is an error, but Auto transcribes without detection. Auto reports the missing weights
/// in the log and in TranscriberStats::vad.
enum class Vad { Auto, On, Off };
/// Whether a stream uses voice activity detection. Missing: the detection's weights were not found.
enum class VadUse { Off, On, Missing };

/// The characters of Chinese text. Auto: as the model writes them, which varies. Simplified,
/// Traditional: all characters are converted to this script.
enum class ChineseScript { Auto, Simplified, Traditional };

/// Selects when a live stream (TranscriberOptions::live_latency) is decoded. RealTime: as often as
/// the machine allows; words are returned as soon as they are certain. Audio: at positions in the
/// audio that do not depend on the machine, so that the text depends only on the audio and the
/// options.
enum class Pace { RealTime, Audio };

/// The options of a transcription. The defaults are those of openai/whisper, except that the search
/// at temperature 0 is greedy, and that voice activity detection is used if its weights are found.
struct TranscriberOptions {
  /// Whisper's code (see parse_language()). Empty: the language is detected in the first window
  /// with speech, and in later windows until one language is more probable than all others
  /// together.
  std::string language;
  /// Codes among which detection chooses; empty: all languages of the model. A single code has the
  /// same effect as `language`. Ignored if `language` is set.
  std::vector<std::string> languages;
  Task task = Task::Transcribe;
  /// Script of untranslated text in Chinese and Cantonese ("zh", "yue"). Has no effect on other
  /// text.
  ChineseScript chinese_script = ChineseScript::Auto;
  int beam_size = 1;  ///< Number of beams at temperature 0. 1: greedy search.
  int best_of = 5;    ///< Number of candidates when sampling (temperature above 0).
  /// Beam search ends after beam_size * patience finished candidates.
  float patience = 1.0F;
  /// A candidate's log probability is divided by its length to the power of length_penalty.
  float length_penalty = 1.0F;
  std::vector<float> temperatures = {0.0F, 0.2F, 0.4F, 0.6F, 0.8F, 1.0F};
  /// A window whose text has a higher compression ratio than this value is decoded again at the
  /// next temperature, because the text repeats itself.
  float compression_ratio_threshold = 2.4F;
  /// A window whose text has a lower average log probability than this value is decoded again at
  /// the next temperature.
  float log_prob_threshold = -1.0F;
  /// A window counts as silence if its no-speech probability exceeds half this threshold and the
  /// average log probability of its text is at most a bound. For a no-speech probability of half
  /// this threshold, the bound is log_prob_threshold. The bound changes linearly to 0.7 *
  /// log_prob_threshold for a no-speech probability equal to this threshold, and does not change
  /// for higher no-speech probabilities. If voice activity detection finds enough speech in the
  /// window, the bound is always log_prob_threshold (docs/architecture.md).
  float no_speech_threshold = 0.6F;
  float max_initial_timestamp = 1.0F;  ///< Limit of a window's first timestamp, in seconds.
  std::string initial_prompt;          ///< Text at the beginning of the first window's prompt.
  /// Words and phrases, such as names, that the audio probably contains, separated by commas or
  /// newlines: at most 1000 phrases, and 10,000 tokens of their spellings. The search prefers these
  /// phrases to similar text, in every search and in live streams. The probabilities of segments
  /// and words are the model's own: they do not contain the bonus of hotwords.
  std::string hotwords;
  /// Phrases to replace in the text, one per line: PHRASE = REPLACEMENT. Lines that are empty or
  /// begin with # are ignored. A phrase matches whole words in any case; only spaces and hyphens
  /// may stand between its words. An asterisk at the end of the phrase stands for the rest of a
  /// word. Of several phrases at one place, the one with the most words counts. An empty
  /// replacement removes the phrase. The first letter of a replacement becomes capital if that of
  /// the text is, unless the phrase begins with a capital, or the first word of the replacement
  /// contains one. Words keep their times. Tokens and probabilities remain those of the text as
  /// recognised, and Segment::text may therefore differ from Segment::tokens. A phrase is found
  /// only within one segment. Live streams also find phrases across segments: a word that may begin
  /// a phrase waits for the next words, up to half of live_latency after its end (Pace::Audio: up
  /// to live_latency). At most 10,000 phrases.
  std::string replacements;
  bool condition_on_previous_text = true;
  /// Maximum number of pieces of audio that are decoded together: 1 to kMaxBatch, or 0 (auto). 1:
  /// windows are decoded one after another, each with the text of the previous window in its
  /// prompt. A larger number is faster, but returns text later. The audio is then cut at pauses
  /// into pieces of at most 30 s, initial_prompt precedes each of them, and
  /// condition_on_previous_text has no effect. Voice activity detection finds the pauses. Without
  /// it, a number above 1 is an error, and auto means 1. Has no effect on live streams.
  int batch = 1;
  /// After a window that was decoded at a higher temperature than this value, the next prompt
  /// contains no previous text.
  float prompt_reset_on_temperature = 0.5F;
  bool suppress_blank = true;
  bool suppress_non_speech = true;
  bool word_times = false;
  /// Voice activity detection. Audio without speech is not decoded, and text with times in such
  /// audio is dropped.
  Vad vad = Vad::Auto;
  float vad_threshold = 0.5F;                      ///< Minimum probability of speech.
  std::chrono::milliseconds vad_min_speech{100};   ///< Shorter sounds do not count as speech.
  std::chrono::milliseconds vad_min_silence{500};  ///< Shorter pauses count as speech.
  /// Live mode: each word is returned within this time after it was spoken. The search is greedy at
  /// temperature 0, regardless of beam_size and temperatures. Empty: not live.
  std::optional<std::chrono::milliseconds> live_latency;
  /// Selects when a live stream is decoded. Pace::Audio is for playing files. Decoding passes then
  /// take place as late in the audio as live_latency allows, at least 0.6 * live_latency apart. A
  /// word that ends a phrase is returned, with the words before it, once the next 0.2 *
  /// live_latency of audio has been decoded. If no phrase ends, a word is returned once the next
  /// 0.3 * live_latency of audio has been decoded.
  Pace pace = Pace::RealTime;
  /// Live mode with Pace::RealTime: returns the number of samples that have arrived but have not
  /// been pushed yet. push(), settle() and drain() call this function on the calling thread. Empty:
  /// no samples ever wait.
  std::function<std::int64_t()> samples_waiting;
  std::uint64_t seed = 0;  ///< Seed of the sampling at temperatures above 0.
};

/// Counters of one stream since its creation. Times are sums of wall time.
struct TranscriberStats {
  std::uint64_t windows = 0;    ///< Windows encoded.
  std::uint64_t tokens = 0;     ///< Tokens decoded, counting all candidates.
  std::uint64_t fallbacks = 0;  ///< Decodings repeated at a higher temperature.
  /// Live: tokens of the previous pass that were confirmed by one batched run of the decoder.
  std::uint64_t verified_tokens = 0;
  std::uint64_t silent_windows = 0;   ///< Windows skipped by the no-speech rule.
  std::uint64_t skipped_samples = 0;  ///< Live: samples skipped to return to the live edge.
  std::uint64_t loops = 0;            ///< Live: passes whose text repeated itself and was dropped.
  std::uint64_t invented_words = 0;   ///< Live: words dropped because they are faster than speech.
  /// Live: words recognised after their deadline. The times of these words were moved to the
  /// earliest times that still meet live_latency.
  std::uint64_t late_words = 0;
  std::uint64_t samples = 0;  ///< Samples pushed.
  /// Use of voice activity detection. Without detection, speech_samples, unspoken_samples and
  /// unspoken_segments stay 0.
  VadUse vad = VadUse::Off;
  std::uint64_t speech_samples = 0;     ///< Samples with speech.
  std::uint64_t unspoken_samples = 0;   ///< Samples not decoded because they contain no speech.
  std::uint64_t unspoken_segments = 0;  ///< Segments (live: words) dropped for lack of speech.
  /// Bytes of audio that were moved or converted between push() and log-mel.
  std::uint64_t bytes_copied = 0;
  std::chrono::nanoseconds vad_time{0};  ///< Time of voice activity detection.
  std::chrono::nanoseconds mel_time{0};
  std::chrono::nanoseconds encode_time{0};
  std::chrono::nanoseconds prompt_time{0};  ///< Time of decoder runs over prompts.
  std::chrono::nanoseconds decode_time{0};  ///< Time of decoder steps.
  std::chrono::nanoseconds align_time{0};   ///< Time to compute word times.
};

/// Transcribes one stream of speech into timed text. No function throws. Reentrant; cancel() and
/// stats() are thread-safe. Call order: ((push | settle)* drain reset?)*. The first sample pushed
/// after create() or reset() has index 0.
class NPUWHISPER_API Transcriber {
 public:
  /// Creates a transcriber on `engine`. `ring`: the ring of this engine from which the stream's
  /// audio will come, if any. Two transcribers must not use the same ring at the same time.
  /// Errors: InvalidArgument (the message names the option, the value found and the values wanted),
  /// Unavailable, Unsupported (chinese_script in a build without OpenCC; a live stream of a model
  /// without alignment heads or with too few text positions), DeviceError (the device is out of
  /// memory), NotFound (vad=on, but its weights are missing), CorruptModel (the weights of voice
  /// activity detection are malformed).
  static Result<std::unique_ptr<Transcriber>> create(std::shared_ptr<Engine> engine,
                                                     const TranscriberOptions& options,
                                                     std::shared_ptr<AudioRing> ring = nullptr);
  virtual ~Transcriber() = default;

  /// Takes PCM (f32, -1 to 1, 16 kHz, mono), copies the samples it must keep, and returns the
  /// segments that became final. Blocks while windows are decoded. Errors: InvalidArgument (called
  /// after drain()), Cancelled, DeviceError, Timeout, Unavailable (no memory). After any of these
  /// errors, only reset() makes sense.
  virtual Result<std::vector<Segment>> push(std::span<const float> pcm) = 0;
  /// Takes 16-bit PCM (16 kHz, mono); otherwise like push() of f32. Samples in the stream's ring
  /// are read in place.
  virtual Result<std::vector<Segment>> push(std::span<const std::int16_t> pcm) = 0;
  /// Live: decodes the remaining audio and returns its text, which is final. Call this function if
  /// no audio has arrived for a while and the deadline of a word is near. The next push() continues
  /// where the last push() ended, even in the middle of a word. Not live: returns nothing.
  virtual Result<std::vector<Segment>> settle() { return std::vector<Segment>(); }
  /// Transcribes the remaining audio and returns its segments. After drain(), only reset() makes
  /// sense.
  virtual Result<std::vector<Segment>> drain() = 0;
  /// Discards audio, text and a pending cancel(). Keeps model, options, buffers and counters.
  virtual void reset() = 0;
  /// Makes a running push(), settle() or drain() return Cancelled within one decoder step or one
  /// encoder window. Later calls of these functions also return Cancelled, until reset().
  /// Thread-safe. Never blocks.
  virtual void cancel() = 0;

  /// Returns the sample index up to which all text was returned: no later segment starts before it.
  virtual std::int64_t position() const = 0;
  /// Live: returns the words that were recognised but not returned yet. These words may still
  /// change, and each pass replaces them. They begin at position() or later. Not live: returns no
  /// words.
  virtual std::vector<Word> draft() const { return {}; }
  /// Returns Whisper's code of the given or detected language; empty before detection.
  virtual const std::string& language() const = 0;
  /// Returns the probability of language() among the candidate languages, given the audio so far.
  /// Returns 1 if the language is given and 0 before detection.
  virtual float language_probability() const { return language().empty() ? 0.0F : 1.0F; }
  /// Returns true if language() was detected with a probability below one half and will not be
  /// detected again, because detection has ended or the stream is drained. The stream may well be
  /// in another language. A warning is logged in this case.
  virtual bool language_is_doubtful() const { return false; }
  /// Returns the stream's counters. Thread-safe.
  virtual TranscriberStats stats() const = 0;
};

}  // namespace npuwhisper
