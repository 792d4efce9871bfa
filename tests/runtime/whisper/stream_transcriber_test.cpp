// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/stream_transcriber.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <npuwhisper/log.h>

#include "audio/mel_frontend.h"
#include "scripted_decoder.h"
#include "sound_detector.h"
#include "vocabulary.h"

namespace npuwhisper {
namespace {

using test::prefer;
using test::say;
using test::Script;
using test::ScriptedDecoder;
using test::ScriptStep;
using test::Vocabulary;

constexpr std::int64_t seconds(double s) {
  return static_cast<std::int64_t>(s * 16000 + 0.5);
}

std::vector<float> tone(double duration) {
  std::vector<float> pcm(static_cast<std::size_t>(seconds(duration)));
  for (std::size_t i = 0; i < pcm.size(); ++i) {
    pcm[i] = 0.1F * std::sin(static_cast<float>(i % 1600) * 0.2F);
  }
  return pcm;
}

constexpr std::string_view kLongText =
    " hello you the world you hello other you the you world hello";

class StreamTranscriberTest : public ::testing::Test {
 protected:
  StreamTranscriberTest() { options_.language = "en"; }

  LogMelFactory mel_factory() const {
    return [this](int capacity_frames) -> Result<std::unique_ptr<LogMel>> {
      auto mel = MelFrontend::create(vocabulary_.config.n_mels, capacity_frames);
      if (!mel) return fail(mel.error());
      return std::unique_ptr<LogMel>(std::move(*mel));
    };
  }

  void create(Script script) {
    auto made = StreamTranscriber::create(
        *vocabulary_.tokenizer, vocabulary_.config, options_,
        [&](int max_sequences,
            const std::atomic<bool>& cancelled) -> Result<std::unique_ptr<TokenDecoder>> {
          auto decoder = std::make_unique<ScriptedDecoder>(
              ScriptedDecoder::Shape{.n_vocab = vocabulary_.tokenizer->n_vocab(),
                                     .max_sequences = max_sequences},
              std::move(script));
          decoder->watch(&cancelled);
          decoder_ = decoder.get();
          return std::unique_ptr<TokenDecoder>(std::move(decoder));
        },
        mel_factory(),
        [this]() -> Result<std::unique_ptr<SpeechDetector>> { return std::move(detector_); });
    ASSERT_TRUE(made) << made.error().message;
    transcriber_ = std::move(*made);
  }
  void say_windows(std::vector<std::vector<Token>> texts) {
    create(say(*vocabulary_.tokenizer, std::move(texts)));
  }
  /// Returns a script that outputs `texts`. In the windows `silent`, the script finds no speech and
  /// outputs improbable text.
  Script say_or_silence(std::vector<std::vector<Token>> texts, std::vector<int> silent) const {
    return [this, texts, silent](const ScriptStep& at, std::span<float> logits) {
      if (std::find(silent.begin(), silent.end(), at.window) == silent.end()) {
        return say(*vocabulary_.tokenizer, texts)(at, logits);
      }
      if (at.sampled.empty() && at.prompt.back() == special_.sot) {
        return prefer(logits, special_.no_speech);
      }
      // All text tokens are equally probable. After three tokens, the end of text is most probable.
      if (at.sampled.size() == 3) prefer(logits, vocabulary_.eot(), 5);
    };
  }
  /// Returns a script that finds no speech but outputs `text`. Each token except timestamps has the
  /// probability `confidence`.
  Script say_without_speech(std::vector<Token> text, float confidence) const {
    return [this, text, confidence](const ScriptStep& at, std::span<float> logits) {
      if (at.sampled.empty() && at.prompt.back() == special_.sot) {
        return prefer(logits, special_.no_speech);
      }
      std::ranges::fill(logits, -60.0F);
      const std::size_t n = at.sampled.size();
      const Token next = n < text.size() ? text[n] : vocabulary_.eot();
      logits[static_cast<std::size_t>(next)] = std::log(confidence);
      if (next >= vocabulary_.eot()) return;
      for (char letter = 'a'; letter <= 't'; ++letter) {
        const Token other = vocabulary_.text(std::string(1, letter)).front();
        if (other == next) continue;
        logits[static_cast<std::size_t>(other)] = std::log((1 - confidence) / 20);
      }
    };
  }
  void push(std::span<const float> pcm) { append(transcriber_->push(pcm)); }
  void drain() { append(transcriber_->drain()); }
  void append(Result<std::vector<Segment>> result) {
    ASSERT_TRUE(result) << result.error().message;
    for (Segment& segment : *result) segments_.push_back(std::move(segment));
  }
  void expect_segment(std::size_t i, double start, double end, const std::string& text) const {
    ASSERT_LT(i, segments_.size());
    EXPECT_EQ(segments_[i].start, seconds(start)) << i;
    EXPECT_EQ(segments_[i].end, seconds(end)) << i;
    EXPECT_EQ(segments_[i].text, text) << i;
  }
  /// Returns <|start|> text <|end|><|end|>. The second <|end|> means that the next window continues
  /// the text.
  std::vector<Token> unfinished(double start, std::string_view text, double end) const {
    return Vocabulary::join({vocabulary_.segment(start, text, end), {vocabulary_.at(end)}});
  }
  std::vector<Token> prompt_after(const std::vector<Token>& previous) const {
    const Token english = *vocabulary_.tokenizer->language_token("en");
    return Vocabulary::join(
        {{special_.sot_prev}, previous, {special_.sot, english, special_.transcribe}});
  }

  const Vocabulary& vocabulary_ = Vocabulary::multilingual();
  const SpecialTokens& special_ = vocabulary_.special();
  TranscriberOptions options_;
  std::unique_ptr<SpeechDetector> detector_;  // Moved into the transcriber.
  std::unique_ptr<StreamTranscriber> transcriber_;
  ScriptedDecoder* decoder_ = nullptr;  // Owned by the transcriber.
  std::vector<Segment> segments_;
};

TEST_F(StreamTranscriberTest, WindowsFollowTheTimestamps) {
  say_windows({Vocabulary::join({vocabulary_.segment(0, " hello", 12), unfinished(12, " you", 20)}),
               vocabulary_.segment(1, " the other", 29), vocabulary_.segment(0, " world", 8.5)});
  const auto audio = tone(60);
  push(std::span(audio).first(479'000));
  EXPECT_TRUE(segments_.empty());
  EXPECT_EQ(transcriber_->position(), 0);
  push(std::span(audio).subspan(479'000, 2'000));
  ASSERT_EQ(segments_.size(), 2U);
  EXPECT_EQ(transcriber_->position(), seconds(20));
  push(std::span(audio).subspan(481'000));
  EXPECT_EQ(transcriber_->position(), seconds(50));
  drain();
  EXPECT_EQ(transcriber_->position(), seconds(60));

  ASSERT_EQ(segments_.size(), 4U);
  expect_segment(0, 0, 12, " hello");
  expect_segment(1, 12, 20, " you");
  expect_segment(2, 20, 49, " the other");
  expect_segment(3, 50, 58.5, " world");
  EXPECT_EQ(segments_[0].language, "en");
  EXPECT_EQ(segments_[0].tokens, vocabulary_.segment(0, " hello", 12));
  EXPECT_EQ(segments_[0].temperature, 0);
  EXPECT_NEAR(segments_[0].average_log_probability, 0, 1e-3);
  EXPECT_LT(segments_[0].no_speech_probability, 0.01);
  EXPECT_GT(segments_[0].compression_ratio, 0);

  const TranscriberStats stats = transcriber_->stats();
  EXPECT_EQ(stats.windows, 3U);
  EXPECT_EQ(stats.samples, audio.size());
  EXPECT_GT(stats.tokens, 10U);
  EXPECT_GT(stats.mel_time.count(), 0);
  EXPECT_GT(stats.decode_time.count(), 0);
}

TEST_F(StreamTranscriberTest, ResultsDoNotDependOnHowTheAudioIsCut) {
  const auto audio = tone(75.3);
  std::vector<std::vector<float>> windows;
  std::vector<std::int64_t> starts;
  for (const std::size_t piece : {audio.size(), std::size_t{16'000}, std::size_t{777}}) {
    segments_.clear();
    create([&](const ScriptStep& at, std::span<float> logits) {
      const auto text = unfinished(0, " hello", 4.5 + at.window % 3);
      prefer(logits, at.sampled.size() < text.size() ? text[at.sampled.size()] : vocabulary_.eot());
    });
    for (std::size_t i = 0; i < audio.size(); i += piece) {
      push(std::span(audio).subspan(i, std::min(piece, audio.size() - i)));
    }
    drain();
    if (windows.empty()) {
      windows = decoder_->windows;
      for (const Segment& segment : segments_) starts.push_back(segment.start);
      EXPECT_GT(windows.size(), 10U);
      continue;
    }
    EXPECT_EQ(decoder_->windows, windows) << piece;
    ASSERT_EQ(segments_.size(), starts.size());
    for (std::size_t i = 0; i < starts.size(); ++i) EXPECT_EQ(segments_[i].start, starts[i]);
  }
}

TEST_F(StreamTranscriberTest, PadsTheLastWindowWithZeros) {
  say_windows({vocabulary_.segment(0, " hello", 1)});
  push(tone(1.505));
  drain();
  const std::vector<float>& mel = decoder_->windows.at(0);
  ASSERT_EQ(mel.size(), 3000U * 80);
  const auto audio_end = mel.begin() + 150 * 80;
  EXPECT_TRUE(std::any_of(audio_end - 80, audio_end, [](float x) { return x != 0; }))
      << "the 150th frame is audio";
  EXPECT_TRUE(std::all_of(audio_end, mel.end(), [](float x) { return x == 0; }))
      << "the 151st is not: its hop is not full";
}

TEST_F(StreamTranscriberTest, TheTextBeforeIsThePrompt) {
  options_.initial_prompt = "the world";
  const auto first = vocabulary_.segment(0, " hello", 29);
  const auto second = vocabulary_.segment(0, " you", 9);
  say_windows({first, second});
  push(tone(40));
  drain();
  ASSERT_EQ(decoder_->prompts.size(), 2U);
  const auto initial = vocabulary_.text(" the world");
  EXPECT_EQ(decoder_->prompts[0], prompt_after(initial));
  EXPECT_EQ(decoder_->prompts[1], prompt_after(Vocabulary::join({initial, first})));
}

TEST_F(StreamTranscriberTest, WithoutConditioningOnlyTheInitialPromptIsUsed) {
  options_.initial_prompt = "the world";
  options_.condition_on_previous_text = false;
  say_windows({vocabulary_.segment(0, " hello", 29), vocabulary_.segment(0, " you", 9)});
  push(tone(40));
  drain();
  EXPECT_EQ(decoder_->prompts.at(0), prompt_after(vocabulary_.text(" the world")));
  EXPECT_EQ(decoder_->prompts.at(1).size(), 3U);
}

TEST_F(StreamTranscriberTest, AHighTemperatureResetsThePrompt) {
  options_.temperatures = {0.6F};
  say_windows({vocabulary_.segment(0, " hello", 29), vocabulary_.segment(0, " you", 9)});
  push(tone(40));
  drain();
  EXPECT_EQ(segments_.size(), 2U);
  EXPECT_FLOAT_EQ(segments_[0].temperature, 0.6F);
  EXPECT_EQ(decoder_->prompts.at(1).size(), 3U);
}

TEST_F(StreamTranscriberTest, EmptySegmentsAreDroppedFromTextAndPrompt) {
  const auto hello = vocabulary_.segment(0, " hello", 10);
  say_windows({Vocabulary::join(
                   {hello, vocabulary_.segment(10, " ", 12), vocabulary_.segment(12, " you", 29)}),
               vocabulary_.segment(0, " world", 9)});
  push(tone(40));
  drain();
  ASSERT_EQ(segments_.size(), 3U);
  EXPECT_EQ(segments_[1].text, " you");
  EXPECT_EQ(decoder_->prompts.at(1),
            prompt_after(Vocabulary::join({hello, vocabulary_.segment(12, " you", 29)})));
}

TEST_F(StreamTranscriberTest, SilenceIsSkipped) {
  create(say_or_silence({{}, vocabulary_.segment(0, " hello", 9)}, {0}));
  push(tone(40));
  EXPECT_TRUE(segments_.empty());
  EXPECT_EQ(transcriber_->position(), seconds(30)) << "silence moves the stream on";
  drain();
  ASSERT_EQ(segments_.size(), 1U);
  expect_segment(0, 30, 39, " hello");
  EXPECT_EQ(transcriber_->stats().silent_windows, 1U);
  EXPECT_EQ(transcriber_->stats().fallbacks, 0U) << "silence is not decoded again";
}

TEST_F(StreamTranscriberTest, DetectorDecidesWhetherWindowIsSilent) {
  options_.temperatures = {0};
  // The audio lasts 10 s and begins with `n_spoken` seconds of sound. Without a detector, the
  // no-speech rule would drop each text. The no-speech probability is 1, and the text's mean log
  // probability of about -0.9 is too low.
  for (const auto& [n_spoken, is_kept] :
       {std::pair(0.4, false), std::pair(2.0, false), std::pair(5.0, true)}) {
    segments_.clear();
    detector_ = test::make_sound_detector();
    create(say_without_speech(vocabulary_.segment(0, kLongText, 9), 0.35F));
    auto audio = tone(n_spoken);
    audio.resize(static_cast<std::size_t>(seconds(10)));
    push(audio);
    drain();
    EXPECT_EQ(!segments_.empty(), is_kept) << n_spoken;
    EXPECT_EQ(transcriber_->stats().silent_windows, is_kept ? 0U : 1U) << n_spoken;
  }
}

TEST_F(StreamTranscriberTest, ShortSoundAtTheEndIsNotEnoughSpeech) {
  options_.temperatures = {0};
  detector_ = test::make_sound_detector();
  create(say_without_speech(vocabulary_.segment(0, kLongText, 0.8), 0.35F));
  auto audio = tone(0.45);
  audio.resize(static_cast<std::size_t>(seconds(0.8)));
  push(audio);
  drain();
  EXPECT_TRUE(segments_.empty()) << "a third of the window, but less than half a second";
}

TEST_F(StreamTranscriberTest, ProbableTextIsKeptWhateverTheNoSpeechProbability) {
  create([&](const ScriptStep& at, std::span<float> logits) {
    if (at.sampled.empty() && at.prompt.back() == special_.sot) {
      return prefer(logits, special_.no_speech);
    }
    say(*vocabulary_.tokenizer, {vocabulary_.segment(0, " hello", 5)})(at, logits);
  });
  push(tone(10));
  drain();
  ASSERT_EQ(segments_.size(), 1U);
  EXPECT_GT(segments_[0].no_speech_probability, 0.9F);
}

TEST_F(StreamTranscriberTest, DetectsTheLanguageOfTheFirstWindowWithSpeech) {
  options_.language.clear();
  const std::vector<std::vector<Token>> texts = {
      {}, vocabulary_.segment(0, " hello", 29), vocabulary_.segment(0, " you", 9)};
  create([&](const ScriptStep& at, std::span<float> logits) {
    say_or_silence(texts, {0})(at, logits);
    if (at.sampled.empty() && at.prompt.back() == special_.sot) {
      const char* language = at.window == 0 ? "zh" : at.window == 1 ? "de" : "fr";
      prefer(logits, *vocabulary_.tokenizer->language_token(language), 3);
    }
  });
  const auto audio = tone(70);
  push(std::span(audio).first(500'000));
  EXPECT_EQ(transcriber_->language(), "") << "silence has no language";
  push(std::span(audio).subspan(500'000));
  drain();
  EXPECT_EQ(transcriber_->language(), "de");
  ASSERT_EQ(segments_.size(), 2U);
  EXPECT_EQ(segments_[0].language, "de");
  EXPECT_EQ(segments_[1].language, "de") << "it stays";
  EXPECT_EQ(decoder_->prompts.size(), 5U) << "two detections, three texts";
  transcriber_->reset();
  EXPECT_EQ(transcriber_->language(), "");
}

TEST_F(StreamTranscriberTest, DoubtfulLanguageIsDetectedAgainWithTheNextWindow) {
  options_.language.clear();
  const auto hello = vocabulary_.segment(0, " hello", 29);
  const auto detects = [](const std::vector<Token>& prompt) { return prompt.size() == 1; };
  // Each pair contains the margin of "fr" over the other languages in the first window, and the
  // expected number of detections.
  for (const auto& [margin, n_detections] : {std::pair(3.0F, 1), std::pair(0.5F, 2)}) {
    segments_.clear();
    create([&, margin = margin](const ScriptStep& at, std::span<float> logits) {
      say(*vocabulary_.tokenizer, {hello, hello, hello})(at, logits);
      if (at.sampled.empty() && at.prompt.back() == special_.sot) {
        const bool is_first = at.window == 0;
        prefer(logits, *vocabulary_.tokenizer->language_token(is_first ? "fr" : "es"),
               is_first ? margin : 3.0F);
      }
    });
    push(tone(80));
    drain();
    ASSERT_EQ(segments_.size(), 3U);
    EXPECT_EQ(segments_[0].language, "fr");
    const std::string later = n_detections == 1 ? "fr" : "es";
    EXPECT_EQ(segments_[1].language, later);
    EXPECT_EQ(segments_[2].language, later);
    EXPECT_EQ(transcriber_->language(), later);
    EXPECT_GT(transcriber_->language_probability(), 0.5F);
    EXPECT_FALSE(transcriber_->language_is_doubtful());
    EXPECT_EQ(std::ranges::count_if(decoder_->prompts, detects), n_detections);
  }
  const Token spanish = *vocabulary_.tokenizer->language_token("es");
  const auto& second = decoder_->prompts.at(3);
  EXPECT_EQ(second, (std::vector<Token>{special_.sot, spanish, special_.transcribe}))
      << "text in another language is not a prompt";
}

TEST_F(StreamTranscriberTest, DoubtfulLanguageIsReportedAtTheEnd) {
  options_.language.clear();
  create(say(*vocabulary_.tokenizer, {vocabulary_.segment(0, " hello", 4)}));
  std::vector<std::string> warnings;
  set_log_sink([&](LogLevel level, std::string_view message) {
    if (level == LogLevel::Warning) warnings.emplace_back(message);
  });
  push(tone(5));
  EXPECT_EQ(transcriber_->language_probability(), 0.0F);
  EXPECT_FALSE(transcriber_->language_is_doubtful());
  drain();
  set_log_sink([](LogLevel, std::string_view) {});
  EXPECT_NEAR(transcriber_->language_probability(), 0.2, 1e-4) << "five languages, all alike";
  EXPECT_TRUE(transcriber_->language_is_doubtful());
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find("English (en), with a probability of 0.20"), std::string::npos)
      << warnings[0];
  transcriber_->reset();
  EXPECT_FALSE(transcriber_->language_is_doubtful());
  EXPECT_EQ(transcriber_->language_probability(), 0.0F);
}

TEST_F(StreamTranscriberTest, CandidatesAloneAreDetected) {
  options_.language.clear();
  options_.languages = {"de", "es"};
  create([&](const ScriptStep& at, std::span<float> logits) {
    say(*vocabulary_.tokenizer, {vocabulary_.segment(0, " hello", 4)})(at, logits);
    if (at.sampled.empty() && at.prompt.back() == special_.sot) {
      prefer(logits, *vocabulary_.tokenizer->language_token("fr"), 9);
      prefer(logits, *vocabulary_.tokenizer->language_token("es"), 3);
    }
  });
  push(tone(5));
  drain();
  EXPECT_EQ(transcriber_->language(), "es");
  EXPECT_GT(transcriber_->language_probability(), 0.9F);
}

TEST_F(StreamTranscriberTest, VeryShortAudio) {
  for (const std::size_t n_samples : {0U, 1U, 159U, 160U, 161U, 800U}) {
    segments_.clear();
    say_windows({vocabulary_.segment(0, " hello", 2)});
    push(std::vector<float>(n_samples, 0.1F));
    drain();
    EXPECT_EQ(transcriber_->position(), static_cast<std::int64_t>(n_samples));
    if (n_samples < 160) {
      EXPECT_TRUE(segments_.empty()) << "less than a hop is not looked at";
      continue;
    }
    ASSERT_EQ(segments_.size(), 1U) << n_samples;
    EXPECT_EQ(segments_[0].start, 0);
    EXPECT_EQ(segments_[0].end, static_cast<std::int64_t>(n_samples / 160 * 160))
        << "clipped to the audio";
  }
}

/// The work for a second of audio is bounded. The same audio must not be decoded repeatedly, even
/// if the model's text never ends and the text's first timestamps lie close together.
TEST_F(StreamTranscriberTest, TextWithoutEndDoesNotListenToTheSameAudioAgain) {
  options_.temperatures = {0.0F};
  const auto begin = unfinished(0, " hello", 0.02);
  const Token more = vocabulary_.text(" you").front();
  create([begin, more](const ScriptStep& at, std::span<float> logits) {
    const std::size_t n = at.sampled.size();
    prefer(logits, n < begin.size() ? begin[n] : more);
  });
  push(tone(6));
  drain();
  EXPECT_LE(transcriber_->stats().windows, 3U * 6 + 1);
  EXPECT_GE(transcriber_->stats().windows, 6U);
}

/// Several short advances in a row are allowed if the text of each window ends.
TEST_F(StreamTranscriberTest, TwoShortAdvancesInARowStand) {
  say_windows({unfinished(0, " hello", 0.1), unfinished(0, " you", 0.2),
               vocabulary_.segment(0, " world", 2)});
  push(tone(4));
  drain();
  ASSERT_EQ(segments_.size(), 3U);
  expect_segment(0, 0, 0.1, " hello");
  expect_segment(1, 0.1, 0.3, " you");
  expect_segment(2, 0.3, 2.3, " world");
}

TEST_F(StreamTranscriberTest, CancelStopsInTheMiddle) {
  const auto text = vocabulary_.segment(0, " hello world", 29);
  say_windows({text, text, text});
  decoder_->on_step = [&] {
    if (decoder_->windows.size() == 1 && decoder_->n_steps == 2) transcriber_->cancel();
  };
  const auto audio = tone(70);
  const auto cancelled = transcriber_->push(audio);
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().code, ErrorCode::Cancelled);
  EXPECT_EQ(decoder_->n_steps, 2);
  EXPECT_EQ(transcriber_->push(audio).error().code, ErrorCode::Cancelled);
  EXPECT_EQ(transcriber_->drain().error().code, ErrorCode::Cancelled);
  EXPECT_EQ(decoder_->windows.size(), 1U);

  transcriber_->reset();
  EXPECT_EQ(transcriber_->position(), 0);
  push(tone(31));
  ASSERT_EQ(segments_.size(), 1U);
  expect_segment(0, 0, 29, " hello world");
}

TEST_F(StreamTranscriberTest, AnErrorStaysUntilReset) {
  create([&](const ScriptStep& at, std::span<float> logits) {
    if (at.window == 0) {
      std::fill(logits.begin(), logits.end(), std::nanf(""));
    } else {
      say(*vocabulary_.tokenizer, {{}, vocabulary_.segment(0, " hello", 29)})(at, logits);
    }
  });
  EXPECT_EQ(transcriber_->push(tone(31)).error().code, ErrorCode::DeviceError);
  EXPECT_EQ(transcriber_->push(tone(1)).error().code, ErrorCode::DeviceError);
  EXPECT_EQ(transcriber_->drain().error().code, ErrorCode::DeviceError);
  transcriber_->reset();
  push(tone(31));
  EXPECT_EQ(segments_.size(), 1U);
}

TEST_F(StreamTranscriberTest, ADrainedStreamNeedsAReset) {
  options_.initial_prompt = "the world";
  const auto text = vocabulary_.segment(0, " hello", 1);
  say_windows({text, text});
  push(tone(1));
  drain();
  drain();
  EXPECT_EQ(segments_.size(), 1U) << "the second drain() has nothing left";
  EXPECT_EQ(transcriber_->push(tone(1)).error().code, ErrorCode::InvalidArgument);
  transcriber_->reset();
  push(tone(1));
  drain();
  ASSERT_EQ(segments_.size(), 2U);
  expect_segment(1, 0, 1, " hello");
  EXPECT_EQ(decoder_->prompts.at(1), decoder_->prompts.at(0)) << "no text from before the reset";
  EXPECT_EQ(decoder_->windows.at(1), decoder_->windows.at(0));
  EXPECT_EQ(transcriber_->stats().windows, 2U) << "counters go on";
}

TEST_F(StreamTranscriberTest, WordTimesDoNotChangeTheText) {
  const std::vector<std::vector<Token>> texts = {
      Vocabulary::join({vocabulary_.segment(0, " hello world", 12), unfinished(12, " you", 20)}),
      vocabulary_.segment(1, " the other", 29), vocabulary_.segment(0, " world", 8.5)};
  const auto audio = tone(60);
  std::vector<std::vector<Segment>> results;
  for (const bool word_times : {false, true}) {
    options_.word_times = word_times;
    segments_.clear();
    say_windows(texts);
    push(audio);
    drain();
    results.push_back(segments_);
  }
  ASSERT_EQ(results[0].size(), results[1].size());
  std::int64_t earliest = 0;
  for (std::size_t i = 0; i < results[0].size(); ++i) {
    EXPECT_EQ(results[0][i].text, results[1][i].text);
    EXPECT_TRUE(results[0][i].words.empty());
    const Segment& timed = results[1][i];
    std::string words;
    for (const Word& word : timed.words) {
      EXPECT_LE(earliest, word.start);
      EXPECT_LE(word.start, word.end);
      earliest = word.end;
      words += word.text;
    }
    EXPECT_EQ(words, timed.text);
    EXPECT_LE(earliest, timed.end);
  }
}

TEST_F(StreamTranscriberTest, WindowsBeginWhereSomebodySpeaks) {
  std::vector<float> audio;
  for (const auto& [silence, speech] : {std::pair(10.0, 20.0), std::pair(15.0, 10.0)}) {
    audio.resize(audio.size() + static_cast<std::size_t>(seconds(silence)));
    const auto part = tone(speech);
    audio.insert(audio.end(), part.begin(), part.end());
  }
  // The result does not depend on the size of the pieces in which the audio is pushed.
  for (const std::size_t piece : {std::size_t{320}, std::size_t{50'000}, audio.size()}) {
    segments_.clear();
    detector_ = test::make_sound_detector();
    say_windows({vocabulary_.segment(2, " hello", 22), vocabulary_.segment(1, " world", 11)});
    for (std::size_t at = 0; at < audio.size(); at += piece) {
      push(std::span(audio).subspan(at, std::min(piece, audio.size() - at)));
    }
    drain();
    ASSERT_EQ(segments_.size(), 2U);
    // The windows, and so their only segments, begin 8 s and 44 s into the stream. The silence
    // before them is skipped in pieces of 2 s.
    expect_segment(0, 8, 30, " hello");
    expect_segment(1, 44, 55, " world");
    EXPECT_EQ(transcriber_->position(), seconds(55));
    const TranscriberStats stats = transcriber_->stats();
    EXPECT_EQ(stats.vad, VadUse::On);
    EXPECT_EQ(stats.windows, 2U);
    EXPECT_EQ(stats.unspoken_samples, static_cast<std::uint64_t>(seconds(14)));
    EXPECT_NEAR(static_cast<double>(stats.speech_samples), 30 * 16'000, 2'048);
  }
}

TEST_F(StreamTranscriberTest, NobodySpeaksAtAll) {
  detector_ = test::make_sound_detector();
  say_windows({});
  const std::vector<float> silence(static_cast<std::size_t>(seconds(0.1)));
  for (int i = 0; i < 1000; ++i) {
    push(silence);
    EXPECT_GT(transcriber_->position(), seconds(0.1 * i - 2.6)) << "goes on with the audio";
  }
  drain();
  EXPECT_TRUE(segments_.empty());
  EXPECT_EQ(transcriber_->position(), seconds(100));
  EXPECT_EQ(transcriber_->stats().windows, 0U);
  EXPECT_EQ(transcriber_->stats().unspoken_samples, 100U * 16'000);
}

TEST_F(StreamTranscriberTest, TextThatNobodySpokeIsDropped) {
  detector_ = test::make_sound_detector();
  const auto hello = vocabulary_.segment(0, " hello", 5);
  say_windows({Vocabulary::join({hello, vocabulary_.segment(15, " you", 20)}),
               vocabulary_.segment(0, " world", 5)});
  push(tone(5));
  push(std::vector<float>(static_cast<std::size_t>(seconds(25.5))));
  push(tone(5));
  drain();
  ASSERT_EQ(segments_.size(), 2U);
  expect_segment(0, 0, 5, " hello");
  expect_segment(1, 30, 35, " world");
  EXPECT_EQ(transcriber_->stats().unspoken_segments, 1U);
  EXPECT_EQ(decoder_->prompts.back(), prompt_after(hello)) << "nor does other text follow it";
}

TEST_F(StreamTranscriberTest, SpeechAfterTheTextIsDecoded) {
  // The single timestamp at the end of the first text means that the window is complete.
  const std::vector<std::vector<Token>> texts = {vocabulary_.segment(0, " hello", 20),
                                                 vocabulary_.segment(0, " world", 19.5)};
  for (const auto& [duration, n_windows] : {std::pair(40.0, 2U), std::pair(21.1, 1U)}) {
    detector_ = test::make_sound_detector();
    segments_.clear();
    say_windows(texts);
    push(tone(duration));
    drain();
    EXPECT_EQ(decoder_->windows.size(), n_windows) << duration;
    expect_segment(0, 0, 20, " hello");
    if (n_windows == 2) expect_segment(1, 20, 39.5, " world");
  }
}

TEST_F(StreamTranscriberTest, TheTextIsNeverFurtherBehindThanTheLongestLag) {
  detector_ = test::make_sound_detector();
  say_windows({vocabulary_.segment(0, " hello", 30)});
  const std::vector<float> pcm = tone(30.1);
  push(std::span(pcm).first(30 * kSampleRate + 39));
  EXPECT_EQ(transcriber_->position(), 0);
  EXPECT_LE(30 * kSampleRate + 39, longest_lag(1));
  push(std::span(pcm).subspan(30 * kSampleRate + 39, 1));
  EXPECT_EQ(transcriber_->position(), 30 * kSampleRate);
}

TEST_F(StreamTranscriberTest, SaysWhetherSpeechIsDetected) {
  say_windows({});
  EXPECT_EQ(transcriber_->stats().vad, VadUse::Missing);
  options_.vad = Vad::Off;
  say_windows({});
  EXPECT_EQ(transcriber_->stats().vad, VadUse::Off);
}

TEST_F(StreamTranscriberTest, OptionsAreChecked) {
  options_.beam_size = -1;
  bool asked = false;
  const auto made = StreamTranscriber::create(
      *vocabulary_.tokenizer, vocabulary_.config, options_,
      [&](int, const std::atomic<bool>&) -> Result<std::unique_ptr<TokenDecoder>> {
        asked = true;
        return fail(ErrorCode::Unavailable, "no memory");
      },
      mel_factory());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::InvalidArgument);
  EXPECT_FALSE(asked) << "before anything is allocated";
}

TEST_F(StreamTranscriberTest, PassesTheFactorysErrorOn) {
  const auto made = StreamTranscriber::create(
      *vocabulary_.tokenizer, vocabulary_.config, options_,
      [&](int, const std::atomic<bool>&) -> Result<std::unique_ptr<TokenDecoder>> {
        return fail(ErrorCode::Unavailable, "no memory");
      },
      mel_factory());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::Unavailable);
}

}  // namespace
}  // namespace npuwhisper
