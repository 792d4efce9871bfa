// SPDX-License-Identifier: LGPL-2.1-or-later
#include <npuwhisper/turn_detector.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "vad/speech_turns.h"

namespace npuwhisper {
namespace {

using namespace std::chrono_literals;

constexpr auto kStep = static_cast<std::int64_t>(SpeechScorer::kStep);

/// Returns the first new sample of a step as the step's probability.
class ScriptedScorer final : public SpeechScorer {
 public:
  float score(std::span<const float> samples) override { return samples[kContext]; }
  void reset() override {}
};

/// Turns begin after 3 steps with a voice (96 ms), and end after 5 steps without one (160 ms).
SpeechTurns make_turns() {
  constexpr TurnDetector::Options kOptions = {
      .threshold = 0.5F, .min_speech = 96ms, .silence = 160ms};
  return SpeechTurns(std::make_unique<SpeechDetector>(std::make_unique<ScriptedScorer>(),
                                                      SpeechRules{.threshold = 0.5F,
                                                                  .min_speech = 3 * kStep,
                                                                  .min_silence = 5 * kStep,
                                                                  .padding = 2 * kStep}),
                     kOptions);
}

using Parts = std::vector<std::pair<float, int>>;

/// Returns audio of steps with the given probabilities, from pairs of {probability, number}. Each
/// step has one loud sample at its end, so the detector does not amplify the audio.
std::vector<float> audio_of(const Parts& parts) {
  std::vector<float> pcm;
  for (const auto& [p, n] : parts) {
    for (int i = 0; i < n; ++i) {
      pcm.push_back(p);
      pcm.resize(pcm.size() + SpeechScorer::kStep - 2);
      pcm.push_back(1.0F);
    }
  }
  return pcm;
}

/// Returns the events in steps: positive for a beginning, negative for an end.
std::vector<std::int64_t> steps_of(const std::vector<TurnEvent>& events) {
  std::vector<std::int64_t> steps;
  for (const TurnEvent& event : events) {
    EXPECT_EQ(event.sample % kStep, 0);
    steps.push_back(event.begins ? event.sample / kStep : -event.sample / kStep);
  }
  return steps;
}

using Steps = std::vector<std::int64_t>;

Steps turns_in(const Parts& parts) {
  SpeechTurns turns = make_turns();
  return steps_of(turns.push(audio_of(parts)));
}

TEST(TurnDetector, FindsTheVoiceWithoutPadding) {
  EXPECT_EQ(turns_in({{0.1F, 10}, {0.9F, 8}, {0.1F, 10}}), (Steps{10, -18}));
  EXPECT_EQ(turns_in({{0.1F, 10}, {0.9F, 3}}), Steps{10});
  EXPECT_EQ(turns_in({{0.1F, 10}, {0.9F, 8}, {0.1F, 4}}), Steps{10});
}

TEST(TurnDetector, ShortPausesAndShortSoundsAreNoTurns) {
  EXPECT_EQ(turns_in({{0.1F, 5}, {0.9F, 6}, {0.1F, 4}, {0.9F, 6}, {0.1F, 6}}), (Steps{5, -21}));
  EXPECT_EQ(turns_in({{0.1F, 5}, {0.9F, 2}, {0.1F, 20}}), Steps{});
}

TEST(TurnDetector, FindsTurnAfterTurn) {
  EXPECT_EQ(turns_in({{0.1F, 5}, {0.9F, 6}, {0.1F, 9}, {0.9F, 4}, {0.1F, 6}}),
            (Steps{5, -11, 20, -24}));
}

TEST(TurnDetector, TurnsDoNotDependOnTheSizesOfPushes) {
  const auto pcm =
      audio_of({{0.1F, 5}, {0.9F, 6}, {0.1F, 9}, {0.9F, 2}, {0.1F, 9}, {0.9F, 4}, {0.1F, 6}});
  SpeechTurns whole = make_turns();
  const Steps wanted = steps_of(whole.push(pcm));
  ASSERT_EQ(wanted.size(), 4U);
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{37}, std::size_t{512}, std::size_t{700}}) {
    SpeechTurns turns = make_turns();
    Steps found;
    for (std::span<const float> rest = pcm; !rest.empty();) {
      const auto piece = rest.first(std::min(size, rest.size()));
      rest = rest.subspan(piece.size());
      std::ranges::copy(steps_of(turns.push(piece)), std::back_inserter(found));
    }
    EXPECT_EQ(found, wanted) << size;
  }
}

TEST(TurnDetector, ResetBeginsANewStream) {
  SpeechTurns turns = make_turns();
  turns.push(audio_of({{0.1F, 5}, {0.9F, 6}}));
  turns.reset();
  EXPECT_EQ(steps_of(turns.push(audio_of({{0.1F, 6}, {0.9F, 4}, {0.1F, 6}}))), (Steps{6, -10}));
}

TEST(TurnDetector, RefusesOptionsThatAreOutOfRange) {
  for (const TurnDetector::Options& options :
       {TurnDetector::Options{.threshold = 0}, TurnDetector::Options{.threshold = 1.5F},
        TurnDetector::Options{.min_speech = -1ms}, TurnDetector::Options{.silence = 61s}}) {
    const auto made = TurnDetector::create(options, "/nowhere");
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, ErrorCode::InvalidArgument);
    EXPECT_NE(made.error().message.find("found"), std::string::npos);
  }
}

}  // namespace
}  // namespace npuwhisper
