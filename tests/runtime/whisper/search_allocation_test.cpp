// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <vector>

#include "scripted_decoder.h"
#include "vocabulary.h"
#include "whisper/decoding.h"

namespace {

std::atomic<long> allocations{0};

void* counted(std::size_t n_bytes) {
  ++allocations;
  void* memory = std::malloc(n_bytes == 0 ? 1 : n_bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t n_bytes) {
  return counted(n_bytes);
}
void* operator new[](std::size_t n_bytes) {
  return counted(n_bytes);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace npuwhisper {
namespace {

using test::ScriptedDecoder;
using test::ScriptStep;
using test::Vocabulary;

class SearchAllocation : public ::testing::TestWithParam<TranscriberOptions> {};

// Greedy, beam search and sampling: a window that is decoded after the first allocates nothing from
// the prompt's logits to its text.
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
  before = allocations;
  WindowDecoder window(*vocabulary.tokenizer, vocabulary.config, options, decoder, stats);
  EXPECT_GT(allocations, before) << "the counter does not count";

  decoder.prompts.reserve(10);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(decoder.encode({}));
    before = allocations;
    ASSERT_TRUE(window.decode(prompt));
    // One is the scripted decoder's note of its prompt.
    EXPECT_EQ(allocations, before + 1) << "window " << i;
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

INSTANTIATE_TEST_SUITE_P(All, SearchAllocation, ::testing::Values(greedy(), beam(), sampling()));

}  // namespace
}  // namespace npuwhisper
