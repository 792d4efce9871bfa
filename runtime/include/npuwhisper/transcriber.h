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

enum class Task { Transcribe, Translate };

/// Voice activity detection: Auto and On use it; where its weights are not found, Auto does without,
/// and says so in the log and in TranscriberStats::vad; On is an error.
enum class Vad { Auto, On, Off };
/// What became of it.
enum class VadUse { Off, On, Missing };

/// The characters of Chinese text: as the model writes it (which varies), or all simplified, or all
/// traditional.
enum class ChineseScript { Auto, Simplified, Traditional };

/// When a stream with TranscriberOptions::live_latency is decoded. RealTime: as often as the
/// machine allows, and words leave as soon as they are sure. Audio: at fixed distances in the
/// audio, so that the text depends on the audio and the options alone.
enum class Pace { RealTime, Audio };

/// How a stream is transcribed. The defaults are those of openai/whisper, but greedy at temperature 0.
struct TranscriberOptions {
  /// Whisper's code (see parse_language()); empty: detected in the first window with speech, and in
  /// those after it while no language is more probable than all others together.
  std::string language;
  /// Codes that detection chooses among; empty: all languages of the model. One is the same as
  /// `language`; without effect where `language` is set.
  std::vector<std::string> languages;
  Task task = Task::Transcribe;
  /// Of text in Chinese and Cantonese ("zh", "yue") that is not translated; without effect
  /// elsewhere.
  ChineseScript chinese_script = ChineseScript::Auto;
  int beam_size = 1;                 ///< 1: greedy. At temperature 0 only.
  int best_of = 5;                   ///< Candidates when sampling (temperature above 0).
  float patience = 1.0F;             ///< Beam search ends after beam_size * patience finished candidates.
  float length_penalty = 1.0F;       ///< Exponent of the length that a candidate's log probability is divided by.
  std::vector<float> temperatures = {0.0F, 0.2F, 0.4F, 0.6F, 0.8F, 1.0F};
  float compression_ratio_threshold = 2.4F;   ///< Above it a decoding is repeated at the next temperature.
  float log_prob_threshold = -1.0F;           ///< Below it likewise.
  /// No-speech probability from which a window is silence unless its text is more probable than 0.7 *
  /// log_prob_threshold; from half of it on the bound rises there. Where voice activity detection
  /// hears enough speech, the bound is log_prob_threshold itself (docs/architecture.md).
  float no_speech_threshold = 0.6F;
  float max_initial_timestamp = 1.0F;         ///< Seconds.
  std::string initial_prompt;                 ///< Text that the first window is told to follow.
  bool condition_on_previous_text = true;
  float prompt_reset_on_temperature = 0.5F;   ///< Above it the previous text is not carried on.
  bool suppress_blank = true;
  bool suppress_non_speech = true;
  bool word_times = false;
  /// Where nobody speaks, nothing is decoded, and text that is dated there is dropped.
  Vad vad = Vad::Auto;
  float vad_threshold = 0.5F;                      ///< Probability from which audio is speech.
  std::chrono::milliseconds vad_min_speech{100};   ///< What is shorter is no speech.
  std::chrono::milliseconds vad_min_silence{500};  ///< Pauses that are shorter belong to the speech.
  /// Live use: each word is returned before so much time has passed since it was spoken. Greedy
  /// search at temperature 0, whatever beam_size and temperatures say. Empty: not live.
  std::optional<std::chrono::milliseconds> live_latency;
  /// Audio is for files that are played: passes take place as late in the audio as live_latency
  /// allows, but at least 0.6 of it apart. Words are returned in whole phrases when 0.2 of
  /// live_latency was heard after them; where no phrase ends, when 0.3 was.
  Pace pace = Pace::RealTime;
  /// Live: samples that have arrived and are not pushed yet; called by push() and drain(), on their
  /// thread. Empty: none ever wait.
  std::function<std::int64_t()> samples_waiting;
  std::uint64_t seed = 0;                     ///< Of the sampling at temperatures above 0.
};

/// Counters of one stream since it was created. Times are sums of wall time.
struct TranscriberStats {
  std::uint64_t windows = 0;          ///< Encoded.
  std::uint64_t tokens = 0;           ///< Decoded, all candidates counted.
  std::uint64_t fallbacks = 0;        ///< Decodings repeated at a higher temperature.
  std::uint64_t verified_tokens = 0;  ///< Live: of the pass before, found right by one batched pass.
  std::uint64_t silent_windows = 0;   ///< Skipped by the no-speech rule.
  std::uint64_t skipped_samples = 0;  ///< Live: not listened to, to get back to the live edge.
  std::uint64_t loops = 0;            ///< Live: passes whose text repeated itself and was dropped.
  std::uint64_t invented_words = 0;   ///< Live: dropped in a pass, since nobody can speak so fast.
  std::uint64_t late_words =
      0;  ///< Live: returned after their deadline; their times were moved to it.
  std::uint64_t samples = 0;          ///< Pushed.
  VadUse vad = VadUse::Off;           ///< Voice activity detection, which counts the next three.
  std::uint64_t speech_samples = 0;   ///< In which somebody spoke.
  std::uint64_t unspoken_samples = 0;    ///< Not decoded, since nobody spoke.
  std::uint64_t unspoken_segments = 0;   ///< Dropped (live: words), since nobody spoke them.
  /// Of audio, moved or converted between what was pushed and what log-mel reads.
  std::uint64_t bytes_copied = 0;
  std::chrono::nanoseconds vad_time{0};      ///< Voice activity detection.
  std::chrono::nanoseconds mel_time{0};
  std::chrono::nanoseconds encode_time{0};
  std::chrono::nanoseconds prompt_time{0};   ///< Decoder over prompts.
  std::chrono::nanoseconds decode_time{0};   ///< Decoder steps.
  std::chrono::nanoseconds align_time{0};    ///< Word times.
};

/// Speech in, timed text out: the state of one stream. No function throws. Reentrant, but cancel() and stats() are
/// thread-safe. Call order: ((push | settle)* drain reset?)*. The first sample pushed after
/// create() or reset() has index 0.
class NPUWHISPER_API Transcriber {
 public:
  /// `ring`: of this engine, where the stream's audio will come from, if it has one; no two
  /// transcribers at a time may have the same. Errors: InvalidArgument (names the option, the value
  /// found and the values wanted), Unavailable, Unsupported (chinese_script in a
  /// build without OpenCC), NotFound (vad=on without its weights), CorruptModel
  /// (they are not what they should be).
  static Result<std::unique_ptr<Transcriber>> create(std::shared_ptr<Engine> engine,
                                                     const TranscriberOptions& options,
                                                     std::shared_ptr<AudioRing> ring = nullptr);
  virtual ~Transcriber() = default;

  /// Takes PCM (f32, -1 to 1, 16 kHz, mono), copies what it must keep, and returns the segments that
  /// became final. Blocks while windows are decoded. Errors: Cancelled, DeviceError, Timeout, and
  /// Unavailable (no memory), after which only reset() makes sense.
  virtual Result<std::vector<Segment>> push(std::span<const float> pcm) = 0;
  /// The same of 16-bit PCM; where it lies in the ring, it is read there.
  virtual Result<std::vector<Segment>> push(std::span<const std::int16_t> pcm) = 0;
  /// Live: no audio has come for a while, so what was heard cannot wait for more. Returns all of
  /// it; the next push() goes on where the last one ended, be it in the middle of a word. Not live:
  /// none.
  virtual Result<std::vector<Segment>> settle() { return std::vector<Segment>(); }
  /// Transcribes what is left. Then only push() after reset(), or reset() itself, make sense.
  virtual Result<std::vector<Segment>> drain() = 0;
  /// Forgets audio, text and a pending cancel(); keeps model, options, buffers and counters.
  virtual void reset() = 0;
  /// Makes a push(), settle() or drain() that is running, and every later one until reset(), return
  /// Cancelled soon (within one decoder step or one encoder window). Thread-safe, never blocks.
  virtual void cancel() = 0;

  /// Sample index up to which all text has been returned: no later segment starts before it.
  virtual std::int64_t position() const = 0;
  /// Live: the words that were heard after those returned, which may still change; each pass
  /// replaces them. They begin at position() or later. Not live: none.
  virtual std::vector<Word> draft() const { return {}; }
  /// Language given or detected; empty before detection.
  virtual const std::string& language() const = 0;
  /// Its probability among the candidates, by the audio so far: 1 where it is given, 0 before
  /// detection.
  virtual float language_probability() const { return language().empty() ? 0.0F : 1.0F; }
  /// True once detection has ended, or the stream is drained, with a probability below one half:
  /// the language may well be another one. A warning is logged, too.
  virtual bool language_is_doubtful() const { return false; }
  /// Thread-safe.
  virtual TranscriberStats stats() const = 0;
};

}  // namespace npuwhisper
