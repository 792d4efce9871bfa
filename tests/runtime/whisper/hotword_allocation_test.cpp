// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <span>
#include <string>

#include "audio/mel_frontend.h"
#include "counted_new.h"
#include "scripted_decoder.h"
#include "sound_detector.h"
#include "vocabulary.h"
#include "whisper/batch_transcriber.h"
#include "whisper/hotword_tree.h"

namespace npuwhisper {
namespace {

using test::ScriptedDecoder;
using test::ScriptStep;
using test::Vocabulary;

/// Creates a transcriber with four decoders. Returns the number of allocations.
long allocations_of_transcriber(const std::string& hotwords) {
  const Vocabulary& vocabulary = Vocabulary::multilingual();
  TranscriberOptions options;
  options.language = "en";
  options.batch = 4;
  options.hotwords = hotwords;
  const long before = test::n_allocations();
  const auto made = BatchTranscriber::create(
      *vocabulary.tokenizer, vocabulary.config, options,
      [&](int max_sequences, const std::atomic<bool>&) -> Result<std::unique_ptr<TokenDecoder>> {
        return std::unique_ptr<TokenDecoder>(std::make_unique<ScriptedDecoder>(
            ScriptedDecoder::Shape{.n_vocab = vocabulary.tokenizer->n_vocab(),
                                   .max_sequences = max_sequences},
            [](const ScriptStep&, std::span<float>) {}));
      },
      [&](int capacity_frames) -> Result<std::unique_ptr<LogMel>> {
        auto mel = MelFrontend::create(vocabulary.config.n_mels, capacity_frames);
        if (!mel) return fail(mel.error());
        return std::unique_ptr<LogMel>(std::move(*mel));
      },
      []() -> Result<std::unique_ptr<SpeechDetector>> { return test::make_sound_detector(); });
  EXPECT_TRUE(made) << made.error().message;
  return test::n_allocations() - before;
}

// A long list takes thousands of allocations. The decoders of a transcriber share its tree.
TEST(HotwordAllocation, ATranscriberBuildsOneTree) {
  std::string list;
  for (char a = 'a'; a <= 'z'; ++a) {
    for (char b = 'a'; b <= 'h'; ++b) list.append({a, b, ' ', b, a, ','});
  }
  // The first transcriber also allocates objects that later transcribers share.
  allocations_of_transcriber(list);
  const long before = test::n_allocations();
  ASSERT_TRUE(make_hotword_tree(list, *Vocabulary::multilingual().tokenizer));
  const long of_tree = test::n_allocations() - before;
  ASSERT_GT(of_tree, 1000);
  const long of_list = allocations_of_transcriber(list) - allocations_of_transcriber("");
  EXPECT_GE(of_list, of_tree);
  EXPECT_LT(of_list, of_tree + of_tree / 2) << "each tree takes " << of_tree << " allocations";
}

}  // namespace
}  // namespace npuwhisper
