// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/batch_transcriber.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "audio/mel_frontend.h"
#include "scripted_decoder.h"
#include "sound_detector.h"
#include "vocabulary.h"

namespace npuwhisper {
namespace {

using test::prefer;
using test::ScriptedDecoder;
using test::ScriptStep;
using test::Vocabulary;

constexpr std::int64_t seconds(double s) {
  return static_cast<std::int64_t>(s * 16000 + 0.5);
}

struct Sound {
  double duration;  // Duration of the tone, in seconds.
  double pause;     // Duration of the silence after the tone, in seconds.
};

std::vector<float> audio_of(const std::vector<Sound>& sounds) {
  std::vector<float> pcm;
  for (const Sound& sound : sounds) {
    for (std::int64_t i = 0; i < seconds(sound.duration); ++i) {
      pcm.push_back(0.1F * std::sin(static_cast<float>(i % 1600 + 1) * 0.2F));
    }
    pcm.resize(pcm.size() + static_cast<std::size_t>(seconds(sound.pause)));
  }
  return pcm;
}

/// The window that a text belongs to.
struct Heard {
  double duration;  // Duration of the window's audio, in seconds.
  int window;       // Number of windows that the decoder encoded before this window.
};
using Teller = std::function<std::vector<Token>(const Heard&)>;

class BatchTranscriberTest : public ::testing::Test {
 protected:
  BatchTranscriberTest() {
    options_.language = "en";
    // The texts of these tests have too few words for their audio, so each attempt fails. With one
    // temperature, there are no further attempts.
    options_.temperatures = {0};
  }

  /// Creates a transcriber whose decoders output the text that `tell` returns for each window.
  Result<void> create(Teller tell) {
    decoders_.clear();
    auto made = BatchTranscriber::create(
        *vocabulary_.tokenizer, vocabulary_.config, options_,
        [&](int max_sequences,
            const std::atomic<bool>& cancelled) -> Result<std::unique_ptr<TokenDecoder>> {
          const std::size_t index = decoders_.size();
          auto decoder = std::make_unique<ScriptedDecoder>(
              ScriptedDecoder::Shape{.n_vocab = vocabulary_.tokenizer->n_vocab(),
                                     .max_sequences = max_sequences},
              [this, index, tell](const ScriptStep& at, std::span<float> logits) {
                const bool detects_language = at.sampled.empty() && at.prompt.size() == 1;
                if (detects_language && detect_) {
                  return detect_(duration(decoders_[index]->windows.back()), logits);
                }
                const auto text = tell({duration(decoders_[index]->windows.back()), at.window});
                const bool done = at.sampled.size() >= text.size();
                prefer(logits, done ? vocabulary_.eot() : text[at.sampled.size()]);
              });
          decoder->watch(&cancelled);
          decoders_.push_back(decoder.get());
          return std::unique_ptr<TokenDecoder>(std::move(decoder));
        },
        [this](int capacity_frames) -> Result<std::unique_ptr<LogMel>> {
          auto mel = MelFrontend::create(vocabulary_.config.n_mels, capacity_frames);
          if (!mel) return fail(mel.error());
          return std::unique_ptr<LogMel>(std::move(*mel));
        },
        [this]() -> Result<std::unique_ptr<SpeechDetector>> {
          return has_detector_ ? test::make_sound_detector() : nullptr;
        });
    if (!made) return fail(made.error());
    transcriber_ = std::move(*made);
    return {};
  }
  /// Returns the tokens of `text`. The text starts at the window's beginning and ends at the
  /// duration of the window's audio, rounded down to whole seconds.
  std::vector<Token> say(std::string_view text, const Heard& heard) const {
    return vocabulary_.segment(0, text, std::floor(heard.duration));
  }
  /// Returns the duration of the audio before the window's padding, in seconds.
  double duration(const std::vector<float>& window) const {
    const auto n_mels = static_cast<std::ptrdiff_t>(vocabulary_.config.n_mels);
    const auto last = std::find_if(window.rbegin(), window.rend(), [](float x) { return x != 0; });
    return static_cast<double>((window.rend() - last + n_mels - 1) / n_mels) / 100;
  }
  /// Transcribes `audio`, pushed in pieces of `n` samples, and returns the segments.
  std::vector<Segment> transcribe(std::span<const float> audio, std::size_t n = 16'000) {
    std::vector<Segment> segments;
    const auto append = [&](Result<std::vector<Segment>> result) {
      ASSERT_TRUE(result) << result.error().message;
      std::ranges::move(*result, std::back_inserter(segments));
    };
    for (; !audio.empty(); audio = audio.subspan(std::min(n, audio.size()))) {
      append(transcriber_->push(audio.first(std::min(n, audio.size()))));
    }
    append(transcriber_->drain());
    return segments;
  }
  static std::vector<std::string> describe(const std::vector<Segment>& segments) {
    std::vector<std::string> lines;
    for (const Segment& segment : segments) {
      lines.push_back(std::to_string(segment.start / 160) + "-" +
                      std::to_string(segment.end / 160) + segment.text);
    }
    return lines;
  }
  std::size_t n_windows() const {
    std::size_t n = 0;
    for (const ScriptedDecoder* decoder : decoders_) n += decoder->windows.size();
    return n;
  }

  const Vocabulary& vocabulary_ = Vocabulary::multilingual();
  TranscriberOptions options_;
  /// Sets the logits of language detection for a window with `duration` seconds of audio. If empty,
  /// all languages are equally probable.
  std::function<void(double duration, std::span<float> logits)> detect_;
  bool has_detector_ = true;
  std::atomic<bool> broken_ = false;
  std::vector<ScriptedDecoder*> decoders_;
  std::unique_ptr<BatchTranscriber> transcriber_;
};

/// Four sounds. Any two of them together are longer than a window.
const std::vector<Sound> kSounds = {{18, 1}, {20, 1}, {17, 1}, {19, 1}};

TEST_F(BatchTranscriberTest, PiecesAreCutAtPauses) {
  // The text of the first piece is much longer than the other texts, so it is complete last.
  const Teller tell = [this](const Heard& heard) {
    std::string text = " hello";
    for (int i = 0; i < 60 && heard.duration < 19; ++i) text += i % 2 == 0 ? " the" : " world";
    return vocabulary_.segment(0, text, std::floor(heard.duration));
  };
  options_.compression_ratio_threshold = 100;
  const auto audio = audio_of(kSounds);
  std::vector<std::string> expected;
  for (const int batch : {2, 3, 8}) {
    for (const std::size_t n : {std::size_t{1600}, audio.size()}) {
      options_.batch = batch;
      ASSERT_TRUE(create(tell));
      const auto segments = describe(transcribe(audio, n));
      EXPECT_EQ(decoders_.size(), static_cast<std::size_t>(batch));
      EXPECT_EQ(n_windows(), 4U);
      ASSERT_EQ(segments.size(), 4U);
      if (expected.empty()) expected = segments;
      EXPECT_EQ(segments, expected) << batch << " pieces, pushes of " << n << " samples";
      EXPECT_EQ(transcriber_->position(), std::ssize(audio));
    }
  }
  // A piece ends in the middle of a pause, at most half a second after its last sound.
  EXPECT_TRUE(expected[0].starts_with("0-1800 hello the world")) << expected[0];
  EXPECT_EQ(expected[1], "1849-3949 hello");
}

TEST_F(BatchTranscriberTest, ManySequencesAndAttemptsRunTogether) {
  options_.batch = 3;
  options_.beam_size = 3;
  options_.log_prob_threshold = 1;  // Every attempt fails.
  options_.temperatures = {0, 0.001F};
  ASSERT_TRUE(create([this](const Heard& heard) {
    return say(heard.duration < 20 ? " hello" : " world", heard);
  }));
  const auto segments = transcribe(audio_of(kSounds));
  ASSERT_EQ(segments.size(), 4U);
  EXPECT_EQ(segments[0].text, " hello");
  EXPECT_EQ(segments[1].text, " world");
  EXPECT_FLOAT_EQ(segments[0].temperature, 0.001F);
  EXPECT_EQ(transcriber_->stats().fallbacks, 4U);
}

TEST_F(BatchTranscriberTest, TheRestOfAPieceIsDecoded) {
  options_.batch = 2;
  ASSERT_TRUE(create([this](const Heard& heard) {
    return heard.duration > 17 ? vocabulary_.segment(0, " hello", 8)
                               : vocabulary_.segment(0, " world", 9);
  }));
  const auto segments = describe(transcribe(audio_of({{18, 1}, {14, 1}})));
  EXPECT_EQ(segments, (std::vector<std::string>{"0-800 hello", "800-1700 world", "1849-2749 world",
                                                "2749-3400 world"}));
  EXPECT_EQ(n_windows(), 4U);
}

TEST_F(BatchTranscriberTest, AWindowWithoutPauseEndsWithItsText) {
  options_.batch = 4;
  ASSERT_TRUE(create([this](const Heard& heard) {
    return heard.duration > 29
               ? Vocabulary::join({vocabulary_.segment(0, " hello", 25), {vocabulary_.at(25)}})
               : vocabulary_.segment(0, " world", 14);
  }));
  const auto segments = describe(transcribe(audio_of({{40, 0}})));
  EXPECT_EQ(segments, (std::vector<std::string>{"0-2500 hello", "2500-3900 world"}));
}

TEST_F(BatchTranscriberTest, AWordAfterTheLastEndTimeIsDecoded) {
  options_.batch = 2;
  ASSERT_TRUE(create([this](const Heard& heard) {
    if (heard.duration < 17) return vocabulary_.segment(0, " the", heard.duration);
    return Vocabulary::join({vocabulary_.segment(0, " hello", 17.5),
                             {vocabulary_.at(17.5)},
                             vocabulary_.text(" world")});
  }));
  const auto segments = describe(transcribe(audio_of({{17.9, 1}, {16, 1}})));
  ASSERT_EQ(segments.size(), 3U);
  EXPECT_EQ(segments[0], "0-1750 hello");
  EXPECT_TRUE(segments[1].starts_with("1750-")) << segments[1];
  EXPECT_TRUE(segments[1].ends_with(" the")) << segments[1];
}

TEST_F(BatchTranscriberTest, AWindowMayAdvanceLessThanASecond) {
  options_.batch = 2;
  ASSERT_TRUE(create([this](const Heard& heard) {
    if (heard.duration < 18) return say(" the", heard);
    return Vocabulary::join({vocabulary_.segment(0, " hello", 0.4),
                             {vocabulary_.at(0.4)},
                             vocabulary_.text(" world the")});
  }));
  const auto segments = describe(transcribe(audio_of({{18, 1}, {16, 1}})));
  ASSERT_GE(segments.size(), 3U);
  EXPECT_EQ(segments[0], "0-40 hello");
  EXPECT_TRUE(segments[1].starts_with("40-")) << segments[1];
}

TEST_F(BatchTranscriberTest, SpeechAfterAShortTextIsDecoded) {
  options_.batch = 2;
  ASSERT_TRUE(create([this](const Heard& heard) {
    if (heard.duration < 27) return say(" world", heard);
    return vocabulary_.segment(0, " hello", 0.5);
  }));
  const auto segments = describe(transcribe(audio_of({{28, 1}})));
  ASSERT_EQ(segments.size(), 2U);
  EXPECT_EQ(segments[0], "0-50 hello");
  EXPECT_TRUE(segments[1].starts_with("50-")) << segments[1];
}

TEST_F(BatchTranscriberTest, AShortTextIsNotRepeated) {
  options_.batch = 2;
  ASSERT_TRUE(create([this](const Heard&) { return vocabulary_.segment(0, " hello", 0.1); }));
  EXPECT_EQ(transcribe(audio_of({{28, 1}, {20, 1}})).size(), 4U) << "at most twice in a piece";
}

TEST_F(BatchTranscriberTest, AVeryShortGapIsNoPause) {
  options_.batch = 2;
  ASSERT_TRUE(create([this](const Heard& heard) { return say(" hello", heard); }));
  auto audio = audio_of({{45, 1}});
  std::fill_n(audio.begin() + 512 * 500, 512, 0.0F);  // 32 ms of silence at 16 s
  const auto segments = describe(transcribe(audio));
  ASSERT_EQ(segments.size(), 2U);
  EXPECT_EQ(segments[0], "0-3000 hello");
}

TEST_F(BatchTranscriberTest, TheTextIsNeverFurtherBehindThanTheLongestLag) {
  // The text of the first piece needs many times as many steps as the others.
  options_.compression_ratio_threshold = 1000;
  const Teller tell = [this](const Heard& heard) {
    if (heard.duration > 18.9) return say(" hello", heard);
    std::string text = " hello";
    for (int i = 0; i < 200; ++i) text += i % 2 == 0 ? " the" : " world";
    return vocabulary_.segment(0, text, 8);  // 10 s of the piece remain.
  };
  const auto expect_lag = [&](const std::vector<Sound>& sounds, int batch) {
    options_.batch = batch;
    ASSERT_TRUE(create(tell));
    const auto audio = audio_of(sounds);
    std::vector<std::string> segments;
    for (std::size_t at = 0; at < audio.size(); at += 16'000) {
      const std::size_t n = std::min<std::size_t>(16'000, audio.size() - at);
      const auto made = transcriber_->push(std::span(audio).subspan(at, n));
      ASSERT_TRUE(made);
      for (const auto& line : describe(*made)) segments.push_back(line);
      ASSERT_LE(static_cast<std::int64_t>(at + n) - transcriber_->position(), longest_lag(batch));
    }
    ASSERT_GE(segments.size(), 2U);
    EXPECT_TRUE(segments[0].starts_with("0-800 hello")) << segments[0];
    EXPECT_TRUE(segments[1].starts_with("800-")) << segments[1];
  };
  std::vector<Sound> sounds(60, {19, 1});
  sounds.front().duration = 18.1;
  expect_lag(sounds, 2);
  expect_lag(sounds, 16);
  expect_lag({{18.1, 1200}, {19, 1}, {19, 1}}, 2);
}

TEST_F(BatchTranscriberTest, APieceDoesNotDependOnLaterAudio) {
  options_.batch = 2;
  std::vector<std::vector<float>> windows;
  for (const float loudness : {0.01F, 9.0F}) {
    ASSERT_TRUE(create([this](const Heard& heard) { return say(" hello", heard); }));
    auto audio = audio_of({{18, 1}, {18, 1}});
    for (std::size_t i = 0; i < audio.size(); ++i) {
      audio[i] *= i < static_cast<std::size_t>(seconds(19)) ? 0.01F : loudness;
    }
    transcribe(audio);
    windows.push_back(decoders_[0]->windows[0]);
  }
  EXPECT_EQ(windows[0], windows[1]);
}

TEST_F(BatchTranscriberTest, LongSilenceIsSkipped) {
  options_.batch = 2;
  ASSERT_TRUE(create([this](const Heard& heard) {
    return vocabulary_.segment(0, " hello", std::min(std::floor(heard.duration), 7.0));
  }));
  const auto segments = transcribe(audio_of({{5, 60}, {5, 20}}));
  ASSERT_EQ(segments.size(), 2U);
  EXPECT_NEAR(static_cast<double>(segments[1].start), static_cast<double>(seconds(65)), seconds(2));
  EXPECT_EQ(n_windows(), 2U);
  EXPECT_GT(transcriber_->stats().unspoken_samples, static_cast<std::uint64_t>(seconds(50)));
}

TEST_F(BatchTranscriberTest, OnlyTheInitialPromptPrecedesAPiece) {
  options_.batch = 2;
  options_.initial_prompt = "the world";
  ASSERT_TRUE(create([this](const Heard& heard) { return say(" hello", heard); }));
  transcribe(audio_of(kSounds));
  std::vector<std::vector<Token>> prompts;
  for (const ScriptedDecoder* decoder : decoders_) {
    prompts.insert(prompts.end(), decoder->prompts.begin(), decoder->prompts.end());
  }
  ASSERT_EQ(prompts.size(), 4U);
  EXPECT_GT(prompts[0].size(), 4U);
  for (const auto& prompt : prompts) EXPECT_EQ(prompt, prompts[0]);
}

TEST_F(BatchTranscriberTest, TheLanguageIsDetectedOnce) {
  options_.batch = 2;
  options_.language.clear();
  options_.languages = {"de", "fr"};  // Both languages are equally probable.
  ASSERT_TRUE(create([this](const Heard& heard) { return say(" hello", heard); }));
  const auto segments = transcribe(audio_of(kSounds));
  ASSERT_EQ(segments.size(), 4U);
  for (const Segment& segment : segments) EXPECT_EQ(segment.language, "de");
  // Detection runs one prompt, before the prompt of the first piece.
  EXPECT_EQ(decoders_[0]->prompts.size() + decoders_[1]->prompts.size(), 5U);
}

TEST_F(BatchTranscriberTest, TheLanguageOfSparseSpeechIsDecided) {
  options_.batch = 2;
  options_.language.clear();
  options_.languages = {"de", "fr", "en"};
  detect_ = [&, n = 0](double, std::span<float> logits) mutable {
    const bool is_first = n++ == 0;
    prefer(logits, *vocabulary_.tokenizer->language_token(is_first ? "fr" : "de"), 3.0F);
  };
  ASSERT_TRUE(create([this](const Heard& heard) { return say(" hello", heard); }));
  const auto segments = transcribe(audio_of(std::vector<Sound>(60, {1.2, 4.8})));
  EXPECT_GT(segments.size(), 5U);
  for (const Segment& segment : segments) EXPECT_EQ(segment.language, "fr");
  std::ptrdiff_t n_detections = 0;
  for (const ScriptedDecoder* decoder : decoders_) {
    n_detections += std::ranges::count(decoder->prompts, 1U, &std::vector<Token>::size);
  }
  EXPECT_EQ(n_detections, 1);
}

TEST_F(BatchTranscriberTest, TheInitialPromptOutlastsAChangeOfLanguage) {
  options_.batch = 2;
  options_.language.clear();
  options_.languages = {"de", "fr", "en"};
  options_.initial_prompt = "the world";
  // The language is uncertain in the first piece and certainly French in the others.
  detect_ = [this](double duration, std::span<float> logits) {
    const bool is_first = duration < 19;
    prefer(logits, *vocabulary_.tokenizer->language_token(is_first ? "de" : "fr"),
           is_first ? 0.2F : 20.0F);
  };
  ASSERT_TRUE(create([this](const Heard& heard) { return say(" hello", heard); }));
  const auto segments = transcribe(audio_of(kSounds));
  ASSERT_EQ(segments.size(), 4U);
  EXPECT_EQ(segments[0].language, "de");
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(segments[i].language, "fr") << i;
  for (const ScriptedDecoder* decoder : decoders_) {
    for (const auto& prompt : decoder->prompts) {
      if (prompt.size() == 1) continue;  // Ignores the prompt of language detection.
      EXPECT_EQ(prompt.front(), vocabulary_.special().sot_prev);
    }
  }
}

TEST_F(BatchTranscriberTest, WordsAreTimedWithinTheirPiece) {
  options_.batch = 3;
  options_.word_times = true;
  ASSERT_TRUE(create([this](const Heard& heard) { return say(" hello world", heard); }));
  const auto segments = transcribe(audio_of(kSounds));
  ASSERT_EQ(segments.size(), 4U);
  std::int64_t earliest = 0;
  for (const Segment& segment : segments) {
    ASSERT_EQ(segment.words.size(), 2U);
    for (const Word& word : segment.words) {
      EXPECT_LE(earliest, word.start);
      EXPECT_LE(word.start, word.end);
      earliest = word.end;
    }
  }
}

TEST_F(BatchTranscriberTest, CancelStopsAndResetBeginsAgain) {
  options_.batch = 2;
  ASSERT_TRUE(create([this](const Heard& heard) { return say(" hello", heard); }));
  const auto audio = audio_of(kSounds);
  decoders_[1]->on_step = [&, n = 0]() mutable {
    if (++n == 2) transcriber_->cancel();
  };
  const auto cancelled = transcriber_->push(audio);
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().code, ErrorCode::Cancelled);
  EXPECT_EQ(transcriber_->drain().error().code, ErrorCode::Cancelled);
  decoders_[1]->on_step = {};
  transcriber_->reset();
  EXPECT_EQ(transcriber_->position(), 0);
  EXPECT_EQ(transcribe(audio).size(), 4U);
}

TEST_F(BatchTranscriberTest, AFailureOfOneDecoderEndsTheStream) {
  options_.batch = 2;
  ASSERT_TRUE(create([this](const Heard& heard) {
    return heard.duration > 20 ? std::vector<Token>{} : say(" hello", heard);
  }));
  decoders_[1]->on_step = [&] { decoders_[1]->watch(&broken_); };
  broken_ = true;
  EXPECT_FALSE(transcriber_->push(audio_of(kSounds)));
}

TEST_F(BatchTranscriberTest, NeedsADetector) {
  options_.batch = 4;
  has_detector_ = false;
  const auto made = create([](const Heard&) { return std::vector<Token>(); });
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::Unavailable);
  EXPECT_EQ(made.error().message,
            "batch: found 4, wanted 1: without voice activity detection, the pauses between pieces "
            "of audio are not known");
}

}  // namespace
}  // namespace npuwhisper
