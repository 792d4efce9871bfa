// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include <vector>

#include "counted_new.h"
#include "scripted_decoder.h"
#include "vocabulary.h"
#include "whisper/decoding.h"

namespace npuwhisper {
namespace {

using test::ScriptedDecoder;
using test::ScriptStep;
using test::Vocabulary;

class SearchAllocation : public ::testing::TestWithParam<TranscriberOptions> {};

// After the first window, the search allocates nothing between a prompt's logits and the window's
// text, with greedy decoding, beam search and sampling.
TEST_P(SearchAllocation, AStepAllocatesNothing) {
  const Vocabulary& vocabulary = Vocabulary::multilingual();
  const TranscriberOptions options = GetParam();
  const auto text = vocabulary.segment(0, " hello world and the other world", 4);
  long before = 0;
  ScriptedDecoder decoder({.n_vocab = vocabulary.tokenizer->n_vocab(), .max_sequences = 5},
                          [&](const ScriptStep& at, std::span<float> logits) {
                            test::prefer(logits, at.sampled.size() < text.size()
                                                     ? text[at.sampled.size()]
                                                     : vocabulary.eot());
                          });
  const Prompt::View prompt = {.tokens = std::span(&vocabulary.special().sot, 1), .sot = 0};
  TranscriberStats stats;
  before = test::n_allocations();
  const auto hotwords = make_hotword_tree(options.hotwords, *vocabulary.tokenizer);
  ASSERT_TRUE(hotwords) << hotwords.error().message;
  WindowDecoder window(*vocabulary.tokenizer, vocabulary.config, options, decoder, stats,
                       hotwords->get());
  EXPECT_GT(test::n_allocations(), before) << "the counter does not count";

  decoder.prompts.reserve(10);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(decoder.encode({}, 0));
    before = test::n_allocations();
    ASSERT_TRUE(window.decode(prompt));
    // The scripted decoder makes one allocation to record its prompt.
    EXPECT_EQ(test::n_allocations(), before + 1) << "window " << i;
  }
  EXPECT_GT(decoder.n_steps, 2 * static_cast<int>(text.size()) - 1);
}

TranscriberOptions greedy() {
  return {};
}

TranscriberOptions beam() {
  TranscriberOptions options;
  options.beam_size = 5;
  return options;
}

TranscriberOptions sampling() {
  TranscriberOptions options;
  options.temperatures = {0.5F};
  return options;
}

/// Adds hotwords of the text, and others that share their beginnings.
TranscriberOptions with_hotwords(TranscriberOptions options) {
  options.hotwords = "world and the other, world and then, hello world, other";
  return options;
}

INSTANTIATE_TEST_SUITE_P(All, SearchAllocation,
                         ::testing::Values(greedy(), beam(), sampling(), with_hotwords(greedy()),
                                           with_hotwords(beam()), with_hotwords(sampling())));

}  // namespace
}  // namespace npuwhisper
