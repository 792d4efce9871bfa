// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/word_aligner.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "golden.h"

namespace npuwhisper {
namespace {

constexpr std::size_t kHeads = 4;
constexpr std::size_t kPositions = 160;
constexpr int kLead = 800;
constexpr std::size_t kSamples = kPositions * 320;

/// Returns the same sound that tests/golden/make_word_aligner.py generates: noise with the
/// amplitude levels[i] in the i-th piece of 10 ms.
std::vector<float> make_sound(const std::vector<float>& levels) {
  std::vector<float> pcm;
  std::uint32_t state = 1;
  for (const float level : levels) {
    for (int i = 0; i < 160; ++i) {
      state = state * 1664525U + 1013904223U;
      pcm.push_back(level * static_cast<float>((state >> 8) / 8388608.0 - 1));
    }
  }
  return pcm;
}

class WordAlignerTest : public ::testing::Test {
 protected:
  WordAlignerTest() : golden_(test::Golden::load("word_aligner.bin").value()) {
    const auto& kinds = golden_.tensor("kinds").i32;
    const auto& tokens = golden_.tensor("tokens").i32;
    std::size_t row = 0;
    for (std::size_t s = 0; s < kinds.size(); ++s) {
      const auto n = static_cast<std::size_t>(tokens[s]);
      states_.push_back({static_cast<TextState::Kind>(kinds[s]), row, n});
      row += n;
    }
    // The decoder averages the heads.
    const std::size_t n = row * kPositions;
    const std::vector<float>& heads = golden_.tensor("attention").f32;
    attention_.resize(n);
    for (std::size_t i = 0; i < heads.size(); ++i) {
      attention_[i % n] += heads[i] / static_cast<float>(kHeads);
    }
    evidence_.measure(make_sound(golden_.tensor("levels").f32));
  }

  void expect_ranges(const char* name, const SpeechEvidence& evidence) {
    const auto& wanted = golden_.tensor(name).i32;
    const auto ranges = aligner_.align(attention_, states_, evidence, 0, kPositions);
    ASSERT_EQ(2 * ranges.size(), wanted.size());
    for (std::size_t s = 0; s < ranges.size(); ++s) {
      EXPECT_EQ(ranges[s].first, wanted[2 * s]) << s;
      EXPECT_EQ(ranges[s].end, wanted[2 * s + 1]) << s;
    }
  }

  test::Golden golden_;
  std::vector<TextState> states_;
  std::vector<float> attention_;
  WordAligner aligner_{kPositions, 16, kLead};
  SpeechEvidence evidence_{kSamples};
  SpeechEvidence no_evidence_{kSamples};
};

TEST_F(WordAlignerTest, HearsWhatTheReferenceHears) {
  const auto& wanted = golden_.tensor("odds").f32;
  for (std::size_t p = 0; p < kPositions; ++p) {
    // Levels are sums of 160 squares in f32. The evidence changes by at most 1 per 3 dB, so the
    // tolerance of 1e-4 corresponds to at least 0.0003 dB.
    EXPECT_NEAR(evidence_.at(aligner_.sample_of(static_cast<std::int64_t>(p))), wanted[p], 1e-4F)
        << p;
  }
}

TEST_F(WordAlignerTest, FindsThePathOfTheReference) {
  expect_ranges("with_sound", evidence_);
}

TEST_F(WordAlignerTest, FindsThePathOfTheReferenceWithoutSound) {
  expect_ranges("without_sound", no_evidence_);
}

TEST_F(WordAlignerTest, KeepsWithinTheGivenPositions) {
  const auto ranges = aligner_.align(attention_, states_, evidence_, 20, 100);
  ASSERT_EQ(ranges.size(), states_.size());
  EXPECT_EQ(ranges.front().first, 0);
  EXPECT_EQ(ranges.back().end, 80);
}

TEST_F(WordAlignerTest, RefusesMoreTokensThanPositions) {
  EXPECT_TRUE(aligner_.align(attention_, states_, evidence_, 10, 14).empty());
}

TEST_F(WordAlignerTest, AttentionThatIsNoNumberIsNone) {
  const std::vector<float> attention(attention_.size(), std::numeric_limits<float>::quiet_NaN());
  const auto ranges = aligner_.align(attention, states_, evidence_, 0, kPositions);
  ASSERT_EQ(ranges.size(), states_.size());
  for (std::size_t s = 0; s < states_.size(); ++s) {
    EXPECT_GE(ranges[s].end - ranges[s].first, states_[s].kind == TextState::Kind::Spoken ? 1 : 0);
  }
}

TEST_F(WordAlignerTest, PositionsAndSamplesAgree) {
  // Position 0 is centred on sample 0. Words aligned with this position come kLead samples later.
  EXPECT_EQ(aligner_.sample_of(0), -160 + kLead);
  for (const std::int64_t position : {-3, 0, 1, 159}) {
    const std::int64_t sample = aligner_.sample_of(position);
    EXPECT_EQ(aligner_.position_of(sample), position);
    EXPECT_EQ(aligner_.position_of(sample + 319), position);
    EXPECT_EQ(aligner_.position_of(sample - 1), position - 1);
  }
}

}  // namespace
}  // namespace npuwhisper
