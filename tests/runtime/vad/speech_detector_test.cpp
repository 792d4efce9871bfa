// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vad/speech_detector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

namespace npuwhisper {
namespace {

constexpr auto kStep = static_cast<std::int64_t>(SpeechScorer::kStep);

/// Returns the first new sample of a step as the step's probability. The detector does not amplify
/// the audio here, because each step has one loud sample at its end.
class ScriptedScorer final : public SpeechScorer {
 public:
  float score(std::span<const float> samples) override {
    EXPECT_EQ(samples.size(), kContext + kStep);
    EXPECT_TRUE(std::ranges::all_of(samples, [](float x) { return std::abs(x) <= 1.0F; }));
    return samples[kContext];
  }
  void reset() override {}
};

std::vector<float> audio_of(const std::vector<float>& probabilities) {
  std::vector<float> pcm;
  for (const float p : probabilities) {
    pcm.push_back(p);
    pcm.resize(pcm.size() + SpeechScorer::kStep - 2);
    pcm.push_back(1.0F);
  }
  return pcm;
}

/// Returns the probability of each step, from pairs of {probability, number of steps}.
std::vector<float> script(const std::vector<std::pair<float, int>>& parts) {
  std::vector<float> steps;
  for (const auto& [p, n] : parts) steps.insert(steps.end(), static_cast<std::size_t>(n), p);
  return steps;
}

/// Speech takes at least 3 steps, and pauses shorter than 5 steps are bridged. 2 steps of padding
/// on each side count as speech.
constexpr SpeechRules kRules = {
    .threshold = 0.5F, .min_speech = 3 * kStep, .min_silence = 5 * kStep, .padding = 2 * kStep};

SpeechDetector make_detector() {
  return SpeechDetector(std::make_unique<ScriptedScorer>(), kRules);
}

/// Returns the ranges of steps that are speech, as [first, end).
std::vector<std::pair<int, int>> speech_of(const SpeechDetector& detector) {
  std::vector<std::pair<int, int>> found;
  for (int i = 0; i < detector.n_judged() / kStep; ++i) {
    if (!detector.has_speech(i * kStep, (i + 1) * kStep)) continue;
    if (found.empty() || found.back().second != i) found.emplace_back(i, i);
    found.back().second = i + 1;
  }
  return found;
}

using Spans = std::vector<std::pair<int, int>>;

Spans speech_in(const std::vector<std::pair<float, int>>& parts) {
  SpeechDetector detector = make_detector();
  detector.push(audio_of(script(parts)));
  return speech_of(detector);
}

TEST(SpeechDetector, FindsSpeechWithItsPadding) {
  EXPECT_EQ(speech_in({{0.1F, 10}, {0.9F, 4}, {0.1F, 10}}), (Spans{{8, 16}}));
  EXPECT_EQ(speech_in({{0.9F, 4}, {0.1F, 10}}), (Spans{{0, 6}}));
  EXPECT_EQ(speech_in({{0.1F, 20}}), Spans{});
}

TEST(SpeechDetector, HasHysteresis) {
  // A probability of 0.4 continues speech, and 0.3 does not. Probabilities below 0.5 do not start
  // speech.
  EXPECT_EQ(speech_in({{0.1F, 10}, {0.5F, 1}, {0.4F, 9}, {0.1F, 10}}), (Spans{{8, 22}}));
  EXPECT_EQ(speech_in({{0.1F, 10}, {0.5F, 3}, {0.3F, 17}}), (Spans{{8, 15}}));
  EXPECT_EQ(speech_in({{0.49F, 30}}), Spans{});
}

TEST(SpeechDetector, BridgesShortPauses) {
  EXPECT_EQ(speech_in({{0.9F, 4}, {0.1F, 4}, {0.9F, 4}, {0.1F, 10}}), (Spans{{0, 14}}));
  EXPECT_EQ(speech_in({{0.9F, 4}, {0.1F, 5}, {0.9F, 4}, {0.1F, 10}}), (Spans{{0, 6}, {7, 15}}));
}

TEST(SpeechDetector, ForgetsWhatTurnsOutTooShort) {
  SpeechDetector detector = make_detector();
  detector.push(audio_of(script({{0.1F, 10}, {0.9F, 2}})));
  EXPECT_EQ(speech_of(detector), (Spans{{8, 12}})) << "not yet";
  detector.push(audio_of(script({{0.1F, 10}})));
  EXPECT_EQ(speech_of(detector), Spans{});
  EXPECT_EQ(detector.n_spoken(), 0);
}

TEST(SpeechDetector, KeepsThePaddingOfSpeechBeforeWhatIsTooShort) {
  EXPECT_EQ(speech_in({{0.9F, 4}, {0.1F, 5}, {0.9F, 1}, {0.1F, 10}}), (Spans{{0, 6}}));
}

TEST(SpeechDetector, EndsSpeechWithTheStream) {
  SpeechDetector detector = make_detector();
  detector.push(audio_of(script({{0.1F, 10}, {0.9F, 4}, {0.1F, 3}})));
  EXPECT_EQ(detector.n_spoken(), 0) << "not yet";
  detector.finish();
  EXPECT_EQ(detector.n_spoken(), 4 * kStep);
  EXPECT_EQ(speech_of(detector), (Spans{{8, 16}}));
  detector.reset();
  detector.push(audio_of(script({{0.1F, 10}, {0.9F, 2}})));
  detector.finish();
  EXPECT_EQ(speech_of(detector), Spans{});
}

TEST(SpeechDetector, SaysHowFarSilenceIsCertain) {
  SpeechDetector detector = make_detector();
  EXPECT_EQ(detector.silent_until(0), 0);
  detector.push(audio_of(script({{0.1F, 10}})));
  EXPECT_EQ(detector.silent_until(0), 8 * kStep) << "padding of what may come";
  EXPECT_EQ(detector.silent_until(9 * kStep), 9 * kStep);
  detector.push(audio_of(script({{0.9F, 4}, {0.1F, 10}})));
  EXPECT_EQ(detector.silent_until(100), 8 * kStep);
  EXPECT_EQ(detector.silent_until(8 * kStep), 8 * kStep);
  EXPECT_EQ(detector.silent_until(10 * kStep + 7), 10 * kStep + 7);
  EXPECT_EQ(detector.silent_until(16 * kStep), 22 * kStep);
  detector.finish();
  EXPECT_EQ(detector.silent_until(16 * kStep), 24 * kStep);
  EXPECT_EQ(detector.n_spoken(), 4 * kStep);
}

TEST(SpeechDetector, CountsVoiceWithoutPaddingAndPauses) {
  SpeechDetector detector = make_detector();
  detector.push(audio_of(script({{0.1F, 10}, {0.9F, 4}, {0.1F, 3}, {0.9F, 3}, {0.1F, 10}})));
  EXPECT_EQ(detector.n_voiced(0, 30 * kStep), 7 * kStep);
  EXPECT_EQ(detector.n_voiced(0, 10 * kStep), 0) << "padding is not voice";
  EXPECT_EQ(detector.n_voiced(14 * kStep, 17 * kStep), 0) << "nor is a pause";
  EXPECT_EQ(detector.n_voiced(10 * kStep + 7, 11 * kStep + 5), kStep - 7 + 5);
  EXPECT_EQ(detector.n_voiced(30 * kStep, 40 * kStep), 0) << "not judged yet";
}

TEST(SpeechDetector, FindsTheFirstVoice) {
  SpeechDetector detector = make_detector();
  detector.push(audio_of(script({{0.0F, 4}, {0.9F, 3}, {0.1F, 2}, {0.9F, 4}, {0.0F, 10}})));
  EXPECT_EQ(detector.first_voice(0, 100 * kStep), 4 * kStep);
  EXPECT_EQ(detector.first_voice(7 * kStep, 100 * kStep), 9 * kStep);
  EXPECT_EQ(detector.first_voice(4 * kStep + 7, 100 * kStep), 4 * kStep + 7);
  EXPECT_EQ(detector.first_voice(13 * kStep, 20 * kStep), 20 * kStep) << "there is none";
}

TEST(SpeechDetector, TooShortSpeechHasNoVoice) {
  SpeechDetector detector = make_detector();
  detector.push(audio_of(script({{0.1F, 10}, {0.9F, 2}})));
  EXPECT_EQ(detector.n_voiced(0, 12 * kStep), 2 * kStep) << "it may become longer";
  detector.push(audio_of(script({{0.1F, 10}})));
  EXPECT_EQ(detector.n_voiced(0, 22 * kStep), 0);
  detector.push(audio_of(script({{0.9F, 4}})));
  EXPECT_EQ(detector.n_voiced(0, 26 * kStep), 4 * kStep);
  detector.reset();
  EXPECT_EQ(detector.n_voiced(0, 26 * kStep), 0);
}

TEST(SpeechDetector, UnjudgedAudioCountsAsSpeech) {
  SpeechDetector detector = make_detector();
  EXPECT_TRUE(detector.has_speech(0, 1));
  EXPECT_FALSE(detector.has_speech_since(0));
  detector.push(audio_of(script({{0.1F, 10}})));
  EXPECT_FALSE(detector.has_speech(0, 10 * kStep));
  EXPECT_TRUE(detector.has_speech(0, 10 * kStep + 1));
  EXPECT_FALSE(detector.has_speech_since(0));
  EXPECT_FALSE(detector.has_speech(5, 5));
  detector.push(std::vector<float>(1));
  detector.finish();
  EXPECT_EQ(detector.n_judged(), 11 * kStep);
  EXPECT_FALSE(detector.has_speech(0, 100 * kStep));
  // Pushes more than 17 minutes of audio. The detector no longer stores the results of the oldest
  // steps, so it treats these steps as speech.
  detector.reset();
  for (int i = 0; i < 33; ++i) detector.push(std::vector<float>(std::size_t{1024} * kStep));
  EXPECT_TRUE(detector.has_speech(0, kStep));
  EXPECT_EQ(detector.silent_until(0), 0);
  EXPECT_FALSE(detector.has_speech(1024 * kStep, 1025 * kStep));
  EXPECT_EQ(detector.silent_until(1024 * kStep), (33 * 1024 - 2) * kStep);
}

TEST(SpeechDetector, DoesNotDependOnHowAudioIsCut) {
  const auto pcm = audio_of(script({{0.1F, 7}, {0.8F, 4}, {0.2F, 8}, {0.6F, 5}, {0.1F, 9}}));
  SpeechDetector whole = make_detector();
  whole.push(pcm);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{160}, std::size_t{513}}) {
    SpeechDetector cut = make_detector();
    for (std::size_t at = 0; at < pcm.size(); at += piece) {
      cut.push(std::span(pcm).subspan(at, std::min(piece, pcm.size() - at)));
    }
    EXPECT_EQ(speech_of(cut), speech_of(whole));
  }
}

TEST(SpeechDetector, TakesSixteenBitsAndWhatIsNoNumber) {
  std::vector<std::int16_t> pcm;
  for (const float sample : audio_of(script({{0.9F, 4}, {0.1F, 10}}))) {
    pcm.push_back(static_cast<std::int16_t>(sample * 32767.0F));
  }
  SpeechDetector detector = make_detector();
  detector.push(pcm);
  EXPECT_EQ(speech_of(detector), (Spans{{0, 6}}));

  detector.reset();
  const std::vector<float> odd = {std::numeric_limits<float>::quiet_NaN(),
                                  std::numeric_limits<float>::infinity(), 1e30F, -1e30F};
  for (int i = 0; i < 1000; ++i) detector.push(odd);
  detector.push(audio_of(script({{0.0F, 10}})));
  EXPECT_EQ(detector.n_judged(), (4000 / kStep + 10) * kStep);
}

TEST(SpeechDetector, BeginsAnew) {
  SpeechDetector detector = make_detector();
  detector.push(audio_of(script({{0.9F, 4}})));
  detector.push(std::vector<float>(100, 0.9F));
  detector.reset();
  EXPECT_EQ(detector.n_judged(), 0);
  detector.push(audio_of(script({{0.1F, 4}})));
  EXPECT_EQ(speech_of(detector), Spans{});
}

}  // namespace
}  // namespace npuwhisper
