// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/live_transcriber.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "live_scene.h"
#include "sound_detector.h"

namespace npuwhisper {
namespace {

using namespace std::chrono_literals;
using test::HeardWindow;
using test::LiveTime;
using test::ScriptedSpeaker;
using test::ScriptedWord;
using test::Vocabulary;
using test::WatchedMel;

constexpr std::int64_t seconds(double s) {
  return static_cast<std::int64_t>(s * 16000 + 0.5);
}

/// A word that the transcriber returned.
struct Emitted {
  Word word;
  std::int64_t at = 0;  ///< Simulated time in samples.
};

class LiveTranscriberTest : public ::testing::Test {
 protected:
  LiveTranscriberTest() {
    options_.language = "en";
    options_.live_latency = 2000ms;
    options_.word_times = true;
    options_.samples_waiting = [this] { return time_.arrived() - time_.n_pushed; };
  }

  /// Adds a word every 0.4 s in [from, to).
  void speak(double from, double to) {
    std::mt19937 random(static_cast<unsigned>(words_.size()) + 1);
    for (std::int64_t at = seconds(from); at + seconds(0.4) <= seconds(to); at += seconds(0.4)) {
      words_.push_back(
          {vocabulary_words_[random() % vocabulary_words_.size()], at, at + seconds(0.36)});
    }
  }

  void create() {
    auto made = LiveTranscriber::create(
        *vocabulary_.tokenizer, config_, options_,
        [&](int, const std::atomic<bool>& cancelled) -> Result<std::unique_ptr<TokenDecoder>> {
          auto speaker = std::make_unique<ScriptedSpeaker>(vocabulary_, words_, heard_, time_);
          speaker->cancelled = &cancelled;
          speaker->n_positions = config_.n_audio_ctx;
          speaker_ = speaker.get();
          return std::unique_ptr<TokenDecoder>(std::move(speaker));
        },
        [&](int capacity_frames) -> Result<std::unique_ptr<LogMel>> {
          auto mel = MelFrontend::create(vocabulary_.config.n_mels, capacity_frames);
          if (!mel) return fail(mel.error());
          return std::unique_ptr<LogMel>(std::make_unique<WatchedMel>(std::move(*mel), heard_));
        },
        [this] { return time_.now; },
        [this]() -> Result<std::unique_ptr<SpeechDetector>> { return std::move(detector_); },
        &turns_);
    ASSERT_TRUE(made) << made.error().message;
    transcriber_ = std::move(*made);
  }

  /// Sets the simulated time to 0 and forgets all returned text, for another stream.
  void start_over() {
    time_ = {};
    emitted_.clear();
    position_ = end_ = 0;
  }

  /// Pushes the stream in simulated real time, in buffers of 20 ms.
  void listen(double duration, std::function<void()> on_piece = {}) {
    constexpr std::int64_t kPiece = 320;
    std::vector<float> piece(kPiece, 0.1F);
    time_.n_samples = seconds(duration);
    while (time_.n_pushed < time_.n_samples) {
      const auto complete = std::chrono::nanoseconds((time_.n_pushed + kPiece) * 62'500);
      time_.now = std::max(time_.now, complete);
      if (silent_pauses_) std::ranges::fill(piece, is_sound(time_.n_pushed) ? 0.1F : 0.0F);
      time_.n_pushed += kPiece;
      if (on_piece) on_piece();
      take(transcriber_->push(piece));
      if (HasFatalFailure()) return;
      EXPECT_LE(position_, transcriber_->position()) << "never back";
      position_ = transcriber_->position();
    }
  }
  void drain() { take(transcriber_->drain()); }
  bool is_sound(std::int64_t sample) const {
    if (noise_ <= sample && sample < noise_ + seconds(0.3)) return true;
    return std::ranges::any_of(words_, [&](const ScriptedWord& word) {
      return word.start <= sample && sample < word.end && word.start != ghost_;
    });
  }

  void take(Result<std::vector<Segment>> segments) {
    ASSERT_TRUE(segments) << segments.error().message;
    for (const Segment& segment : *segments) {
      std::string text;
      ASSERT_FALSE(segment.words.empty());
      EXPECT_EQ(segment.start, segment.words.front().start);
      EXPECT_EQ(segment.end, segment.words.back().end);
      EXPECT_GE(segment.start, position_) << "position() promised it";
      for (const Word& word : segment.words) {
        EXPECT_GE(word.start, end_) << "no word overlaps, none goes back";
        EXPECT_LE(word.start, word.end);
        end_ = word.end;
        text += word.text;
        emitted_.push_back({word, time_.now.count() / 1000 * 16 / 1000});
      }
      EXPECT_EQ(segment.text, text);
    }
  }

  std::vector<std::string> said() const {
    std::vector<std::string> texts;
    for (const Emitted& emitted : emitted_) texts.push_back(emitted.word.text);
    return texts;
  }
  std::vector<std::string> script(std::int64_t from = 0) const {
    std::vector<std::string> texts;
    for (const ScriptedWord& word : words_) {
      if (word.start >= from) texts.emplace_back(vocabulary_.tokenizer->bytes(word.token));
    }
    return texts;
  }
  double longest_delay() const {
    std::int64_t longest = 0;
    for (const Emitted& word : emitted_) longest = std::max(longest, word.at - word.word.end);
    return static_cast<double>(longest) / 16000;
  }

  const Vocabulary& vocabulary_ = Vocabulary::multilingual();
  ModelConfig config_ = vocabulary_.config;
  const std::vector<Token> vocabulary_words_ = test::one_token_words(vocabulary_);
  TranscriberOptions options_;
  std::vector<ScriptedWord> words_;
  HeardWindow heard_;
  LiveTime time_;
  PassTurns turns_{1};
  std::unique_ptr<SpeechDetector> detector_;  // Moved into the transcriber.
  bool silent_pauses_ = false;                ///< If false, all audio is sound.
  std::int64_t noise_ = seconds(1000);        ///< Start of 0.3 s of sound without a word.
  std::int64_t ghost_ = -1;                   ///< Start of the word that makes no sound.
  std::unique_ptr<LiveTranscriber> transcriber_;
  ScriptedSpeaker* speaker_ = nullptr;  // Owned by the transcriber.
  std::vector<Emitted> emitted_;
  std::int64_t position_ = 0;
  std::int64_t end_ = 0;
};

/// While other streams use the device, the stream accepts audio. Its next pass decodes all of the
/// audio.
TEST_F(LiveTranscriberTest, APassWaitsForItsTurn) {
  speak(0.2, 6);
  create();
  std::optional<PassTurns::Turn> first, second;
  std::uint64_t n_before = 0;
  listen(6.5, [&] {
    if (time_.n_pushed == seconds(2)) {
      first.emplace(turns_.take(&first));
      second.emplace(turns_.take(&second));
      n_before = transcriber_->stats().windows;
    }
    if (time_.n_pushed == seconds(3)) {
      EXPECT_LE(transcriber_->stats().windows, n_before + 1) << "a pass that had begun";
      first.reset();
      second.reset();
    }
  });
  EXPECT_GT(n_before, 0U);
  drain();
  EXPECT_EQ(said(), script());
  EXPECT_LE(longest_delay(), 2.0);
  EXPECT_EQ(transcriber_->stats().late_words, 0U);
}

/// A stream that waits does not miss its deadlines, even if the other streams' passes never end.
TEST_F(LiveTranscriberTest, APassThatIsDueDoesNotWaitForItsTurn) {
  speak(0.2, 6);
  create();
  const PassTurns::Turn first = turns_.take(&first);
  const PassTurns::Turn second = turns_.take(&second);
  listen(6.5);
  drain();
  EXPECT_EQ(said(), script());
  EXPECT_LE(longest_delay(), 2.0);
  EXPECT_EQ(transcriber_->stats().late_words, 0U);
}

TEST_F(LiveTranscriberTest, WordsLeaveSoonAndInTime) {
  ASSERT_GE(vocabulary_words_.size(), 3U);
  speak(0.5, 60);
  create();
  listen(62);
  drain();
  EXPECT_EQ(said(), script());
  EXPECT_LE(longest_delay(), 2.0);
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < emitted_.size(); ++i) {
    sum += emitted_[i].at - words_[i].end;
    EXPECT_NEAR(static_cast<double>(emitted_[i].word.start), static_cast<double>(words_[i].start),
                1600)
        << i;
  }
  EXPECT_LE(static_cast<double>(sum) / static_cast<double>(emitted_.size()) / 16000, 1.2);
}

TEST_F(LiveTranscriberTest, TheDraftFollowsWhatIsFinal) {
  speak(0.5, 20);
  create();
  std::size_t n_drafts = 0;
  listen(21, [&] {
    const auto final_words = said();
    const auto all_words = script();
    std::size_t n = final_words.size();
    std::int64_t end = transcriber_->position();
    for (const Word& word : transcriber_->draft()) {
      ASSERT_LT(n, all_words.size());
      EXPECT_EQ(word.text, all_words[n++]);
      EXPECT_GE(word.start, end);
      EXPECT_GE(word.end, word.start);
      end = word.end;
    }
    if (n > final_words.size()) ++n_drafts;
  });
  EXPECT_GT(n_drafts, 100U);
  drain();
  EXPECT_TRUE(transcriber_->draft().empty());
}

TEST_F(LiveTranscriberTest, TokensOfTheLastPassAreVerifiedInOne) {
  speak(0.5, 20);
  create();
  listen(21);
  drain();
  const TranscriberStats stats = transcriber_->stats();
  EXPECT_GT(stats.windows, 20U);
  EXPECT_GT(stats.verified_tokens, stats.tokens / 2);
  // Each word is decoded once, not once per window that contains it.
  EXPECT_LE(stats.tokens, words_.size() + 2);
  EXPECT_EQ(stats.skipped_samples, 0U);
}

TEST_F(LiveTranscriberTest, TheTextBeforeTheWindowIsThePrompt) {
  speak(0, 40);
  create();
  listen(40);
  const std::vector<Token>& prompt = speaker_->prompts.back();
  EXPECT_EQ(prompt.front(), vocabulary_.special().sot_prev);
  EXPECT_LE(prompt.size(), 64U + 128U + 20U);
  EXPECT_LT(heard_.end_frame - heard_.first_frame, 1700) << "windows stay short";
}

/// Some test models have windows that are shorter than the latency. Each push() must return
/// nevertheless.
TEST_F(LiveTranscriberTest, TheWindowMayBeShorterThanTheLatency) {
  config_.n_audio_ctx = 100;  // 2 s
  speak(0.5, 12);
  for (const Pace pace : {Pace::RealTime, Pace::Audio}) {
    for (const auto latency : {2000ms, 4000ms}) {
      SCOPED_TRACE(latency.count());
      options_.pace = pace;
      options_.live_latency = latency;
      start_over();
      create();
      listen(14);
      drain();
      EXPECT_FALSE(emitted_.empty());
    }
  }
}

TEST_F(LiveTranscriberTest, ASlowMachineTakesLongerStepsAndKeepsTheLatency) {
  options_.live_latency = 5000ms;
  speak(0.5, 60);
  create();
  speaker_->cost = 900ms;
  listen(62);
  drain();
  EXPECT_EQ(said(), script());
  EXPECT_LE(longest_delay(), 5.0);
  EXPECT_LE(transcriber_->stats().windows, 55U) << "leaves time for others";
}

TEST_F(LiveTranscriberTest, OverloadSkipsToTheLiveEdge) {
  speak(0, 60);
  create();
  std::int64_t relief = 0;
  listen(60, [&] {
    if (time_.n_pushed == seconds(20)) speaker_->cost = 7s;
    if (time_.n_pushed == seconds(30)) {
      speaker_->cost = 150ms;
      relief = time_.now.count() / 1000 * 16 / 1000;
    }
  });
  drain();
  const TranscriberStats stats = transcriber_->stats();
  EXPECT_GT(stats.skipped_samples, 4U * 16000);
  EXPECT_LT(stats.skipped_samples, 25U * 16000);
  EXPECT_LT(said().size(), script().size());
  // Within 5 s after the passes become fast again, the transcriber reaches the live edge. From then
  // on, each word is returned at most 2 s after its end.
  for (const Emitted& word : emitted_) {
    if (word.at < relief + seconds(5)) continue;
    EXPECT_LE(word.at - word.word.end, seconds(2));
  }
  const auto after = script(relief + seconds(8));
  const auto texts = said();
  ASSERT_GE(texts.size(), after.size());
  EXPECT_TRUE(std::equal(after.rbegin(), after.rend(), texts.rbegin()));
}

TEST_F(LiveTranscriberTest, ASkipNeverGoesBack) {
  options_.live_latency = 500ms;
  speak(0, 20);
  create();
  listen(20, [&] { speaker_->cost = time_.n_pushed / seconds(1) % 2 == 0 ? 900ms : 50ms; });
  drain();
  const TranscriberStats stats = transcriber_->stats();
  EXPECT_GT(stats.skipped_samples, 0U);
  EXPECT_LT(stats.skipped_samples, 20U * 16000);
}

TEST_F(LiveTranscriberTest, SilenceGivesNoWordsAndMovesOn) {
  speak(0.5, 5);
  speak(25, 30);
  create();
  bool checked = false;
  listen(32, [&] {
    if (time_.n_pushed == seconds(9)) {
      EXPECT_GE(heard_.first_frame, 600) << "a pause ends the window";
    }
    if (time_.n_pushed != seconds(24)) return;
    checked = true;
    EXPECT_GE(transcriber_->position(), seconds(21)) << "no text will come for what is silent";
    EXPECT_GE(heard_.first_frame, 2000) << "nor is it decoded again and again";
  });
  EXPECT_TRUE(checked);
  drain();
  EXPECT_EQ(said(), script());
  EXPECT_GT(transcriber_->stats().silent_windows, 10U);
}

TEST_F(LiveTranscriberTest, WhereNobodySpeaksThereIsNoPass) {
  detector_ = test::make_sound_detector();
  silent_pauses_ = true;
  speak(0.5, 5);
  speak(25, 30);
  create();
  int n_passes = 0;
  int n_passes_in_pause = 0;
  speaker_->on_encode = [&] {
    ++n_passes;
    if (time_.n_pushed > seconds(6.2) && time_.n_pushed < seconds(25)) ++n_passes_in_pause;
  };
  bool checked = false;
  listen(40, [&] {
    if (time_.n_pushed != seconds(24)) return;
    checked = true;
    EXPECT_GE(transcriber_->position(), seconds(21)) << "no text will come for what is silent";
    EXPECT_EQ(emitted_.size(), script().size() - script(seconds(25)).size())
        << "nor does text wait for a pass";
  });
  EXPECT_TRUE(checked);
  EXPECT_EQ(n_passes_in_pause, 0);
  const int n_passes_before = n_passes;
  drain();
  EXPECT_EQ(n_passes, n_passes_before);
  EXPECT_EQ(said(), script());
  EXPECT_LE(longest_delay(), 2.0);
  EXPECT_EQ(transcriber_->stats().vad, VadUse::On);
  EXPECT_GT(transcriber_->stats().unspoken_samples, 24U * 16'000);
  EXPECT_NEAR(static_cast<double>(transcriber_->stats().speech_samples), 9.5 * 16'000, 8'000);
}

TEST_F(LiveTranscriberTest, WordsThatNobodySpokeAreDropped) {
  detector_ = test::make_sound_detector();
  silent_pauses_ = true;
  speak(0.5, 5);
  ghost_ = seconds(6.6);
  speak(6.6, 7);
  noise_ = seconds(8);  // Causes a pass, which recognises the word at ghost_.
  speak(12, 14);
  create();
  listen(16);
  drain();
  auto wanted = script();
  wanted.erase(wanted.end() - static_cast<std::ptrdiff_t>(script(seconds(6)).size()));
  EXPECT_EQ(said(), wanted);
  EXPECT_GT(transcriber_->stats().unspoken_segments, 0U);
}

TEST_F(LiveTranscriberTest, UnrecognisedSpeechIsRetried) {
  detector_ = test::make_sound_detector();
  silent_pauses_ = true;
  speak(4, 12);
  create();
  speaker_->deaf_below = seconds(3);
  listen(13);
  drain();
  EXPECT_EQ(said(), script());
}

TEST_F(LiveTranscriberTest, UnrecognisableSpeechIsSkippedEventually) {
  detector_ = test::make_sound_detector();
  silent_pauses_ = true;
  speak(1, 20);
  create();
  speaker_->deaf_below = seconds(30);
  listen(20);
  EXPECT_GE(transcriber_->position(), seconds(14));
  EXPECT_LE(heard_.end_frame - heard_.first_frame, 600);
}

TEST_F(LiveTranscriberTest, WordsThatAreMadeUpAreDroppedAndCounted) {
  speak(0.5, 5);
  const std::size_t n_spoken = words_.size();
  for (std::int64_t at = seconds(5.5); at < seconds(5.62); at += seconds(0.02)) {
    words_.push_back({vocabulary_words_[0], at, at + seconds(0.02)});
  }
  create();
  listen(6);
  drain();
  EXPECT_EQ(said().size(), n_spoken);
  EXPECT_GE(transcriber_->stats().invented_words, 4U);
}

TEST_F(LiveTranscriberTest, LoopCausedByPreviousTextEndsWithoutThatText) {
  speak(0.5, 40);
  create();
  speaker_->loop_until = seconds(1000);
  speaker_->only_with_previous_text = true;
  listen(41);
  drain();
  // Only text that was not yet certain is dropped as a loop, so no word is lost.
  EXPECT_EQ(said(), script());
  EXPECT_LE(longest_delay(), 2.5);
  EXPECT_GE(transcriber_->stats().loops, 1U);
}

TEST_F(LiveTranscriberTest, LoopWithoutPreviousTextIsSkipped) {
  speak(0, 40);
  create();
  speaker_->loop_until = seconds(10);
  listen(41);
  drain();
  const auto after = script(seconds(14));
  const auto texts = said();
  ASSERT_GE(texts.size(), after.size());
  EXPECT_TRUE(std::equal(after.rbegin(), after.rend(), texts.rbegin()));
  EXPECT_LE(texts.size(), words_.size() + 30) << "the loop itself is not said";
  EXPECT_GE(transcriber_->stats().loops, 1U);
}

TEST_F(LiveTranscriberTest, WhateverIsMisheardWordsAreInTimeAndInOrder) {
  speak(0.5, 90);
  for (const double misheard : {0.1, 0.5, 1.0}) {
    for (const auto cost : {20ms, 300ms, 700ms}) {
      start_over();
      create();
      speaker_->misheard = misheard;
      speaker_->cost = cost;
      listen(91);  // Checks that words and positions never go back.
      drain();
      EXPECT_LE(longest_delay(), 2.0) << misheard << ' ' << cost.count();
      EXPECT_GE(said().size(), words_.size() * 9 / 10);
      EXPECT_LE(said().size(), words_.size() * 11 / 10);
    }
  }
}

TEST_F(LiveTranscriberTest, MishearingTheLastWordDoesNoHarm) {
  speak(0.5, 60);
  create();
  speaker_->misheard = 0.3;
  listen(61);
  drain();
  std::size_t n_right = 0;
  const auto texts = said();
  const auto wanted = script();
  for (std::size_t i = 0; i < std::min(texts.size(), wanted.size()); ++i) {
    n_right += texts[i] == wanted[i];
  }
  EXPECT_GE(n_right, wanted.size() * 9 / 10);
}

TEST_F(LiveTranscriberTest, DrainSaysTheRestAndResetBeginsAnew) {
  speak(0, 3);
  create();
  listen(3);
  EXPECT_LT(said().size(), script().size());
  drain();
  EXPECT_EQ(said(), script());
  EXPECT_EQ(transcriber_->position(), seconds(3));
  EXPECT_EQ(transcriber_->push(std::vector<float>(320)).error().code, ErrorCode::InvalidArgument);
  const auto first = said();
  transcriber_->reset();
  start_over();
  listen(3);
  drain();
  EXPECT_EQ(said(), first);
}

TEST_F(LiveTranscriberTest, AWordThatASilentSourceCutsInTwoIsSaidOnce) {
  speak(0.5, 20);
  create();
  listen(10.3);
  const auto heard = script().size() - script(seconds(10.3)).size();
  EXPECT_LT(said().size(), heard);
  take(transcriber_->settle());
  EXPECT_EQ(said().size(), heard) << "the last one of which half was said";
  EXPECT_TRUE(transcriber_->draft().empty());
  listen(21);
  drain();
  EXPECT_EQ(said(), script());
  take(transcriber_->settle());
  EXPECT_EQ(said(), script()) << "nothing is left";
}

TEST_F(LiveTranscriberTest, ModelThatFallsSilentGoesOnWhereSomebodySpeaks) {
  detector_ = test::make_sound_detector();
  speak(0.5, 20);
  create();
  speaker_->mute_from = seconds(8);
  speaker_->mute_to = seconds(14);
  speaker_->mute_softly = true;
  listen(21);
  drain();
  EXPECT_EQ(said(), script());
  EXPECT_LE(longest_delay(), 2.0);
  EXPECT_EQ(transcriber_->stats().late_words, 0U);
}

TEST_F(LiveTranscriberTest, SilenceStaysSilentWhereNoWordIsProbable) {
  detector_ = test::make_sound_detector();
  speak(0.5, 8);
  create();
  speaker_->mute_from = seconds(8);
  speaker_->mute_to = seconds(100);
  listen(14);
  drain();
  EXPECT_EQ(said(), script()) << "six seconds of sound without words";
}

/// A cause of late text: the model outputs nothing, repeats itself, or takes a long time.
struct Trouble {
  const char* name;
  void (*begin)(ScriptedSpeaker&);
};

class LiveDeadlineTest : public LiveTranscriberTest,
                         public ::testing::WithParamInterface<Trouble> {};

TEST_P(LiveDeadlineTest, NeitherWordsNorPositionAreLate) {
  detector_ = test::make_sound_detector();
  speak(0.5, 20);
  for (const double from : {6.6, 6.8, 7.0}) {
    SCOPED_TRACE(from);
    if (!detector_) detector_ = test::make_sound_detector();
    start_over();
    create();
    speaker_->mute_from = seconds(from);
    speaker_->mute_to = seconds(from);
    const std::int64_t latency = seconds(2);
    listen(21, [&] {
      if (time_.n_pushed == seconds(from)) GetParam().begin(*speaker_);
      if (time_.n_pushed == seconds(from + 6)) {
        speaker_->mute_to = speaker_->loop_until = 0;
        speaker_->cost = 150ms;
      }
      if (time_.n_pushed > 320) {
        // The callback runs before its piece is pushed. The text of audio that has not been pushed
        // cannot be known yet.
        const std::int64_t promised = std::min(time_.arrived() - latency, time_.n_pushed);
        EXPECT_GE(transcriber_->position(), promised - 640) << time_.n_pushed;
      }
    });
    drain();
    for (const Emitted& word : emitted_) {
      EXPECT_LE(word.at - word.word.end, latency + 16) << word.word.text;
    }
    EXPECT_GE(said().size(), script().size() / 2) << "what was said before and after is there";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Troubles, LiveDeadlineTest,
    ::testing::Values(
        Trouble{"Silent", [](ScriptedSpeaker& speaker) { speaker.mute_to = seconds(16); }},
        Trouble{"SilentSoftly",
                [](ScriptedSpeaker& speaker) {
                  speaker.mute_softly = true;
                  speaker.mute_to = seconds(16);
                }},
        Trouble{"Looping", [](ScriptedSpeaker& speaker) { speaker.loop_until = seconds(1000); }},
        Trouble{"Slower", [](ScriptedSpeaker& speaker) { speaker.cost = 900ms; }},
        Trouble{"MuchTooSlow", [](ScriptedSpeaker& speaker) { speaker.cost = 3s; }}),
    [](const auto& trouble) { return std::string(trouble.param.name); });

/// The conditions of a playback: the size of the file's pieces, and the speed of the machine.
struct Playback {
  std::string name;
  std::chrono::milliseconds cost;  ///< Duration of a pass.
  std::int64_t piece;              ///< Samples per push.
};

class LivePlaybackTest : public LiveTranscriberTest {
 protected:
  LivePlaybackTest() {
    options_.live_latency = 3800ms;
    options_.pace = Pace::Audio;
    speak(0.5, 12);
    speak(14, 40);
  }

  /// Plays 41 s and records the window of each pass.
  void play(const Playback& playback) {
    start_over();
    heard_ = {};
    windows_.clear();
    create();
    speaker_->misheard = 0.3;
    speaker_->cost = playback.cost;
    speaker_->on_encode = [this] { windows_.emplace_back(heard_.first_frame, heard_.end_frame); };
    const std::vector<float> piece(static_cast<std::size_t>(playback.piece), 0.1F);
    time_.n_samples = seconds(41);
    while (time_.n_pushed < time_.n_samples) {
      const std::int64_t n = std::min(playback.piece, time_.n_samples - time_.n_pushed);
      time_.n_pushed += n;
      take(transcriber_->push(std::span(piece).first(static_cast<std::size_t>(n))));
    }
    drain();
  }

  /// First frame and end frame of each pass.
  std::vector<std::pair<std::int64_t, std::int64_t>> windows_;
};

TEST_F(LivePlaybackTest, DependsOnTheAudioAlone) {
  play({"20 ms at a time", 10ms, 320});
  const auto windows = windows_;
  const auto words = emitted_;
  EXPECT_GE(windows.size(), 10U);
  EXPECT_EQ(words.size(), script().size());
  for (const Playback& playback :
       {Playback{"slowly", 900ms, 320}, Playback{"slower than it plays", 5000ms, 320},
        Playback{"odd pieces", 10ms, 777}, Playback{"1 s at a time, slowly", 900ms, 16'000},
        Playback{"at once", 10ms, seconds(41)}}) {
    SCOPED_TRACE(playback.name);
    play(playback);
    EXPECT_EQ(windows_, windows);
    EXPECT_EQ(transcriber_->stats().skipped_samples, 0U);
    ASSERT_EQ(emitted_.size(), words.size());
    for (std::size_t i = 0; i < words.size(); ++i) {
      EXPECT_EQ(emitted_[i].word.text, words[i].word.text) << i;
      EXPECT_EQ(emitted_[i].word.start, words[i].word.start) << i;
      EXPECT_EQ(emitted_[i].word.end, words[i].word.end) << i;
    }
  }
}

TEST_F(LivePlaybackTest, PassesRunAsLateAsTheLatencyAllows) {
  words_.clear();
  speak(0, 3);
  speak(20, 30);
  play({"20 ms at a time", 10ms, 320});
  EXPECT_EQ(said().size(), script().size());
  ASSERT_GE(windows_.size(), 5U);
  EXPECT_NEAR(static_cast<double>(windows_[0].second), 380, 2) << "3.8 s";
  for (std::size_t i = 1; i + 1 < windows_.size(); ++i) {  // drain() makes the last pass.
    EXPECT_GE(windows_[i].second - windows_[i - 1].second, 227) << i << ": 0.6 of 3.8 s, or more";
  }
}

TEST_F(LiveTranscriberTest, CancelStopsAtOnce) {
  speak(0, 10);
  create();
  speaker_->on_encode = [&] {
    if (time_.n_pushed > seconds(5)) transcriber_->cancel();
  };
  const std::vector<float> audio(seconds(6), 0.1F);
  time_.n_pushed = seconds(6);
  EXPECT_EQ(transcriber_->push(audio).error().code, ErrorCode::Cancelled);
  EXPECT_EQ(transcriber_->drain().error().code, ErrorCode::Cancelled);
  transcriber_->reset();
  time_ = {};
  speaker_->on_encode = nullptr;
  EXPECT_TRUE(transcriber_->push(audio));
}

TEST_F(LiveTranscriberTest, FindsTheLanguageAgainUntilEnoughWasHeard) {
  options_.language.clear();
  speak(0, 10);
  create();
  listen(10);
  EXPECT_FALSE(transcriber_->language().empty());
  const auto n_detections =
      std::count_if(speaker_->prompts.begin(), speaker_->prompts.end(),
                    [](const std::vector<Token>& prompt) { return prompt.size() == 1; });
  EXPECT_GT(n_detections, 2);
  EXPECT_LT(n_detections, 12);
  // Language detection uses the whole window, without thinning.
  const auto& thinned = speaker_->n_thinned;
  EXPECT_EQ(std::count(thinned.begin(), thinned.end(), 0), n_detections);
  EXPECT_EQ(std::count(thinned.begin(), thinned.begin() + n_detections, 0), n_detections);
}

TEST_F(LiveTranscriberTest, DoubtfulLanguageIsDetectedInEachPass) {
  options_.language.clear();
  speak(0, 10);
  create();
  speaker_->language_margin = 0.5F;
  listen(10);
  EXPECT_EQ(transcriber_->language(), "en");
  EXPECT_LT(transcriber_->language_probability(), 0.5F);
  const auto n_detections =
      std::count_if(speaker_->prompts.begin(), speaker_->prompts.end(),
                    [](const std::vector<Token>& prompt) { return prompt.size() == 1; });
  EXPECT_EQ(static_cast<std::size_t>(n_detections), speaker_->n_thinned.size());
}

TEST_F(LiveTranscriberTest, PaddingIsThinnedFromOneSecondAfterTheAudio) {
  speak(0, 10);
  create();
  listen(2);
  ASSERT_FALSE(speaker_->n_thinned.empty());
  for (const int n : speaker_->n_thinned) {
    EXPECT_GE(n, 3000 - 200 - 150);
    EXPECT_LE(n, 3000 - 100);
  }
}

TEST_F(LiveTranscriberTest, AModelWithoutAlignmentHeadsIsRefused) {
  ModelConfig config = vocabulary_.config;
  config.alignment_heads.clear();
  const auto made = LiveTranscriber::create(*vocabulary_.tokenizer, config, options_, {}, {}, {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::Unsupported);
}

}  // namespace
}  // namespace npuwhisper
