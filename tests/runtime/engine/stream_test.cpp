// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/stream.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <numeric>
#include <thread>
#include <vector>

#include "model/model.h"
#include "tiny_engine.h"

namespace npuwhisper {
namespace {

using test::argmax;
using test::TinyEngine;

/// Returns one f32 engine for all tests. The results compared here differ only by the order of
/// sums.
const TinyEngine& tiny() {
  static const TinyEngine engine(Precision::F32);
  return engine;
}

double largest_difference(std::span<const float> a, std::span<const float> b) {
  EXPECT_EQ(a.size(), b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    largest = std::max(largest, std::fabs(static_cast<double>(a[i]) - b[i]));
  return largest;
}

/// Decodes `tokens` one at a time and returns the logits of the last token. On an error, fails the
/// test and returns no logits.
std::vector<float> step_through(TokenDecoder& decoder, const std::vector<Token>& tokens) {
  const int first = 0;
  auto logits = decoder.prompt({tokens.data(), 1}, {&first, 1});
  for (std::size_t i = 1; i < tokens.size() && logits; ++i) logits = decoder.step({&tokens[i], 1});
  if (!logits) {
    ADD_FAILURE() << logits.error().message;
    return {};
  }
  return {logits->begin(), logits->end()};
}

void expect_refused(const auto& result, ErrorCode code, const char* part) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, code);
  EXPECT_NE(result.error().message.find(part), std::string::npos) << result.error().message;
}

class Stream : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(decoder_->encode(tiny().mel(1), tiny().n_frames())); }

  const int n_vocab_ = tiny().config().n_vocab;
  std::unique_ptr<TokenDecoder> decoder_ = tiny().stream({.max_sequences = 3, .alignment = true});
};

TEST_F(Stream, KnowsItsLimits) {
  EXPECT_EQ(decoder_->n_vocab(), n_vocab_);
  EXPECT_EQ(decoder_->max_sequences(), 3);
  EXPECT_EQ(decoder_->max_length(), 448);
}

/// The prompt is longer than one step (64 rows), so it is split.
TEST_F(Stream, PromptEqualsSingleSteps) {
  std::vector<Token> tokens(150);
  for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<Token>(i * 7 % 250);
  const std::vector<int> positions = {0, 63, 64};
  const auto logits = decoder_->prompt(tokens, positions);
  ASSERT_TRUE(logits) << logits.error().message;
  const std::vector<float> kept(logits->begin(), logits->end());
  ASSERT_EQ(kept.size(), positions.size() * static_cast<std::size_t>(n_vocab_));
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const std::vector<Token> part(tokens.begin(), tokens.begin() + positions[i] + 1);
    const auto stepped = step_through(*decoder_, part);
    EXPECT_LE(largest_difference(std::span(kept).subspan(i * static_cast<std::size_t>(n_vocab_),
                                                         static_cast<std::size_t>(n_vocab_)),
                                 stepped),
              1e-4)
        << positions[i];
  }
}

TEST_F(Stream, ForkedSequencesEqualSeparateOnes) {
  const std::vector<Token> prompt = {10, 20, 30};
  const int last = 2;
  ASSERT_TRUE(decoder_->prompt(prompt, {&last, 1}));
  decoder_->fork(std::vector<int>{0, 0, 0});
  ASSERT_TRUE(decoder_->step(std::vector<Token>{40, 50, 60}));
  // The sequence that ends in 60 continues twice, and the one that ends in 40 continues once. The
  // sequence that ends in 50 is dropped.
  decoder_->fork(std::vector<int>{2, 0, 2});
  const auto logits = decoder_->step(std::vector<Token>{70, 80, 90});
  ASSERT_TRUE(logits);
  const std::vector<float> kept(logits->begin(), logits->end());
  const std::vector<std::vector<Token>> sequences = {
      {10, 20, 30, 60, 70}, {10, 20, 30, 40, 80}, {10, 20, 30, 60, 90}};
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const auto n = static_cast<std::size_t>(n_vocab_);
    EXPECT_LE(largest_difference(std::span(kept).subspan(i * n, n),
                                 step_through(*decoder_, sequences[i])),
              1e-4)
        << i;
  }
}

/// 30 decoders with 3 sequences each need more rows than one run of the device has (64).
TEST_F(Stream, JointStepsEqualSeparateOnes) {
  const std::vector<Token> prompt = {10, 20, 30};
  const int last = 2;
  const std::vector<Token> next = {40, 50, 60};
  std::vector<std::unique_ptr<TokenDecoder>> decoders;
  std::vector<TokenDecoder::Share> shares;
  std::vector<std::vector<float>> expected;
  for (int i = 0; i < 30; ++i) {
    auto& decoder = *decoders.emplace_back(tiny().stream({.max_sequences = 3}));
    for (const bool is_joint : {false, true}) {
      ASSERT_TRUE(decoder.encode(tiny().mel(i), tiny().n_frames()));
      ASSERT_TRUE(decoder.prompt(prompt, {&last, 1}));
      decoder.fork(std::vector<int>{0, 0, 0});
      if (is_joint) continue;
      const auto logits = decoder.step(next);
      ASSERT_TRUE(logits);
      expected.emplace_back(logits->begin(), logits->end());
    }
    shares.push_back({.decoder = &decoder, .tokens = next, .logits = {}});
  }
  ASSERT_TRUE(decoders[0]->step_together(shares));
  for (std::size_t i = 0; i < shares.size(); ++i) {
    EXPECT_TRUE(std::ranges::equal(shares[i].logits, expected[i])) << i;
  }
}

TEST_F(Stream, ANewWindowForgetsEverything) {
  const auto before = step_through(*decoder_, {1, 2, 3});
  ASSERT_TRUE(decoder_->encode(tiny().mel(2), tiny().n_frames()));
  const auto other = step_through(*decoder_, {1, 2, 3});
  EXPECT_GT(largest_difference(before, other), 1e-3) << "the audio does not matter";
  ASSERT_TRUE(decoder_->encode(tiny().mel(1), tiny().n_frames()));
  EXPECT_EQ(step_through(*decoder_, {1, 2, 3}), before);
}

TEST_F(Stream, AlignsAllTokens) {
  std::vector<Token> tokens(40);
  std::iota(tokens.begin(), tokens.end(), 30);
  std::vector<float> probabilities(tokens.size(), -1.0F);
  const auto attention = decoder_->align(tokens, probabilities);
  ASSERT_TRUE(attention) << attention.error().message;
  const auto n_keys = static_cast<std::size_t>(tiny().config().n_audio_ctx);
  ASSERT_EQ(attention->size(), tokens.size() * n_keys);
  for (std::size_t row = 0; row < tokens.size(); ++row) {
    const auto weights = attention->subspan(row * n_keys, n_keys);
    EXPECT_NEAR(std::accumulate(weights.begin(), weights.end(), 0.0), 1.0, 1e-5) << row;
  }
  // The probabilities must match the logits of the same tokens, run as a prompt.
  const auto eot = static_cast<std::size_t>(model_of(*tiny().engine).tokenizer->special().eot);
  for (const int at : {0, 14, 15, 16, 38}) {
    const auto logits = decoder_->prompt(tokens, {&at, 1});
    ASSERT_TRUE(logits);
    double sum = 0;
    for (std::size_t i = 0; i <= eot; ++i) sum += std::exp(static_cast<double>((*logits)[i]));
    const auto next = static_cast<std::size_t>(tokens[static_cast<std::size_t>(at) + 1]);
    EXPECT_NEAR(probabilities[static_cast<std::size_t>(at)],
                std::exp(static_cast<double>((*logits)[next])) / sum, 1e-5)
        << at;
  }
}

/// A model whose config.json names no alignment heads uses all heads of the last half of its
/// layers. The decoder then aligns few tokens in each run.
TEST(ManyAlignmentHeads, GiveEachTokenTheSameAttentionInEveryText) {
  const test::TemporaryFolder folder;
  test::write_tiny_model(folder.path(), {.n_text_layer = 60});
  std::ofstream(folder.path() / "config.json") << "{}";
  const auto engine = Engine::open({.model = folder.path(), .precision = Precision::F32});
  ASSERT_TRUE(engine) << engine.error().message;
  ASSERT_EQ(model_of(**engine).config.alignment_heads.size(), 60U);
  const std::atomic<bool> never{false};
  const auto decoder = make_stream_decoder(*engine, {.alignment = true}, never);
  ASSERT_TRUE(decoder) << decoder.error().message;
  ASSERT_TRUE((*decoder)->encode(std::vector<float>(3000 * 80, 0.5F), 3000));
  std::vector<Token> tokens(100);
  std::iota(tokens.begin(), tokens.end(), 30);
  const auto all = (*decoder)->align(tokens, {});
  ASSERT_TRUE(all) << all.error().message;
  const std::vector<float> wanted(all->begin(), all->end());
  for (const std::size_t n : {1, 40, 47, 99}) {
    const auto some = (*decoder)->align(std::span(tokens).first(n), {});
    ASSERT_TRUE(some) << some.error().message;
    const std::vector<float> found(some->begin(), some->end());
    EXPECT_LE(largest_difference({wanted.begin(), wanted.begin() + std::ssize(found)}, found), 1e-5)
        << n;
    EXPECT_NEAR(std::accumulate(found.end() - 1500, found.end(), 0.0), 1.0, 1e-5) << n;
  }
}

TEST_F(Stream, AlignmentGivesProbabilitiesOfTheLastTokens) {
  std::vector<Token> tokens(100);
  std::iota(tokens.begin(), tokens.end(), 30);
  std::vector<float> all(tokens.size(), -1.0F);
  auto attention = decoder_->align(tokens, all);
  ASSERT_TRUE(attention);
  const std::vector<float> wanted(attention->begin(), attention->end());
  for (const std::size_t n : {0, 1, 2, 17, 40, 99}) {
    std::vector<float> some(n, -1.0F);
    attention = decoder_->align(tokens, some);
    ASSERT_TRUE(attention);
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_NEAR(some[i], all[all.size() - n + i], 1e-5) << i << " of " << n;
    }
    if (n > 0) {
      EXPECT_EQ(some.back(), -1.0F) << "no token follows the last one";
    }
    EXPECT_LE(largest_difference(wanted, {attention->begin(), attention->end()}), 1e-5) << n;
  }
}

/// A decoder's results for one window.
struct Heard {
  std::vector<float> logits;
  std::vector<float> attention;
};

/// Decodes a window whose first `n_exact` frames are encoded exactly.
Heard hear(TokenDecoder& decoder, const std::vector<float>& mel, int n_exact) {
  if (const auto done = decoder.encode(mel, n_exact); !done) {
    ADD_FAILURE() << done.error().message;
    return {};
  }
  Heard heard{.logits = step_through(decoder, {1, 2, 3}), .attention = {}};
  const std::vector<Token> tokens = {1, 2, 3, 4};
  std::vector<float> probabilities(tokens.size());
  const auto attention = decoder.align(tokens, probabilities);
  if (attention) heard.attention.assign(attention->begin(), attention->end());
  return heard;
}

/// If all padding positions of a group are alike, thinning the group to one position changes
/// nothing.
TEST(ThinnedPadding, SparsePositionRepresentsItsGroup) {
  constexpr int kPositions = 640;
  constexpr int kDense = 128;  // The device computes one of every 4 of the other 512 positions.
  const TinyEngine tiny(Precision::F32, {.n_audio_ctx = kPositions, .alike_positions = 4});
  std::vector<float> mel = tiny.mel(1);
  const auto n_mels = static_cast<std::size_t>(tiny.config().n_mels);
  // The first position after the dense ones depends only on this frame and later frames.
  constexpr int kExact = 2 * kDense - 2;
  std::fill(mel.begin() + kExact * static_cast<std::ptrdiff_t>(n_mels), mel.end(), 0.0F);
  const auto decoder = tiny.stream({.max_sequences = 1, .alignment = true});
  const Heard all = hear(*decoder, mel, tiny.n_frames());
  const Heard thinned = hear(*decoder, mel, kExact);
  EXPECT_LE(largest_difference(all.logits, thinned.logits), 1e-4);
  ASSERT_EQ(all.attention.size(), thinned.attention.size());
  for (std::size_t i = 0; i < all.attention.size(); ++i) {
    if (i % kPositions < kDense) {
      EXPECT_NEAR(thinned.attention[i], all.attention[i], 1e-5) << i;
    } else {
      EXPECT_GT(all.attention[i], 0.0F) << i;
      EXPECT_EQ(thinned.attention[i], 0.0F) << i << ": was it encoded?";
    }
  }
  // One more exact frame extends the dense positions. The groups that the device thins then no
  // longer match the groups of alike positions.
  EXPECT_GT(largest_difference(thinned.logits, hear(*decoder, mel, kExact + 1).logits), 1e-4);
  // An earlier short window does not affect a long window.
  EXPECT_EQ(hear(*decoder, mel, tiny.n_frames()).logits, all.logits);
}

TEST_F(Stream, BadInputIsRefused) {
  const int zero = 0;
  const std::span<const int> at_zero(&zero, 1);
  expect_refused(decoder_->encode(std::vector<float>(100), 100), ErrorCode::InvalidArgument,
                 "100 mel values");
  for (const Token token : {-1, n_vocab_, 1 << 30}) {
    expect_refused(decoder_->prompt({&token, 1}, at_zero), ErrorCode::InvalidArgument,
                   "found token");
  }
  expect_refused(decoder_->prompt(std::vector<Token>(449, 1), at_zero), ErrorCode::InvalidArgument,
                 "448");
  const std::vector<Token> three = {1, 2, 3};
  for (const std::vector<int>& positions : {std::vector{3}, std::vector{2, 1}, std::vector{-1}}) {
    expect_refused(decoder_->prompt(three, positions), ErrorCode::InvalidArgument, "position");
  }
  expect_refused(decoder_->prompt(three, std::vector<int>(100, 1)), ErrorCode::InvalidArgument,
                 "100 positions");
  std::vector<float> probabilities(300);
  expect_refused(decoder_->align(std::vector<Token>(300, 1), probabilities),
                 ErrorCode::InvalidArgument, "300 tokens");
  // The decoder still works afterwards.
  EXPECT_TRUE(decoder_->prompt(three, at_zero));
}

TEST_F(Stream, ASequenceEndsAtTheModelsContext) {
  const std::vector<Token> tokens(448, 1);
  const int last = 447;
  ASSERT_TRUE(decoder_->prompt(tokens, {&last, 1}));
  expect_refused(decoder_->step(std::vector<Token>{1}), ErrorCode::InvalidArgument, "448");
}

TEST_F(Stream, AlignmentMustBeAskedFor) {
  const auto plain = tiny().stream();
  std::vector<float> probabilities(2);
  expect_refused(plain->align(std::vector<Token>{1, 2}, probabilities), ErrorCode::InvalidArgument,
                 "alignment");
}

TEST_F(Stream, ImpossibleOptionsAreRefused) {
  std::atomic<bool> never{false};
  for (const int n : {-1, 0, 65}) {
    expect_refused(make_stream_decoder(tiny().engine, {.max_sequences = n}, never),
                   ErrorCode::InvalidArgument, "sequences");
  }
}

TEST_F(Stream, CancelledStreamsDoNothing) {
  std::atomic<bool> cancelled{false};
  auto made =
      make_stream_decoder(tiny().engine, {.max_sequences = 1, .alignment = true}, cancelled);
  ASSERT_TRUE(made);
  TokenDecoder& decoder = **made;
  ASSERT_TRUE(decoder.encode(tiny().mel(1), tiny().n_frames()));
  cancelled = true;
  const int zero = 0;
  const std::vector<Token> one = {1};
  std::vector<float> probabilities(1);
  EXPECT_EQ(decoder.encode(tiny().mel(1), tiny().n_frames()).error().code, ErrorCode::Cancelled);
  EXPECT_EQ(decoder.prompt(one, {&zero, 1}).error().code, ErrorCode::Cancelled);
  EXPECT_EQ(decoder.step(one).error().code, ErrorCode::Cancelled);
  EXPECT_EQ(decoder.align(one, probabilities).error().code, ErrorCode::Cancelled);
  cancelled = false;
  EXPECT_TRUE(decoder.prompt(one, {&zero, 1}));
}

TEST_F(Stream, KeepsItsEngine) {
  std::unique_ptr<TokenDecoder> decoder;
  std::atomic<bool> never{false};
  {
    const TinyEngine other(Precision::Auto);
    auto made = make_stream_decoder(other.engine, {}, never);
    ASSERT_TRUE(made);
    decoder = std::move(*made);
    ASSERT_TRUE(decoder->encode(other.mel(1), other.n_frames()));
  }
  EXPECT_FALSE(step_through(*decoder, {1, 2, 3}).empty());
}

/// Returns the greedy tokens of one stream.
std::vector<Token> transcribe(unsigned seed) {
  const auto decoder = tiny().stream();
  if (!decoder->encode(tiny().mel(seed), tiny().n_frames())) return {};
  const std::vector<Token> prompt = {static_cast<Token>(seed), 2, 3};
  const int last = 2;
  auto logits = decoder->prompt(prompt, {&last, 1});
  std::vector<Token> tokens;
  while (logits && tokens.size() < 30) {
    tokens.push_back(argmax(*logits));
    logits = decoder->step({&tokens.back(), 1});
  }
  return tokens;
}

TEST(Streams, SeveralAtOnceGiveTheSameTokensAsAlone) {
  constexpr unsigned kStreams = 6;
  std::vector<std::vector<Token>> alone, together(kStreams);
  for (unsigned i = 0; i < kStreams; ++i) alone.push_back(transcribe(i));
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kStreams; ++i) {
    threads.emplace_back([&, i] {
      for (int repeat = 0; repeat < 3; ++repeat) together[i] = transcribe(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (unsigned i = 0; i < kStreams; ++i) {
    EXPECT_EQ(together[i], alone[i]) << "stream " << i;
    EXPECT_EQ(alone[i].size(), 30U);
  }
}

}  // namespace
}  // namespace npuwhisper
