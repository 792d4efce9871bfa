// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests the live policy with Whisper base on 18 s of LibriVox. The time is simulated, so every run
// gives the same result. The test is skipped if the weights or Debian's pocketsphinx-testdata are
// missing.
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "live_simulation.h"
#include "recording.h"
#include "word_errors.h"

namespace npuwhisper::test {
namespace {

const std::filesystem::path kRecordings = "/usr/share/pocketsphinx/test/data/librivox";
constexpr const char* kSaid =
    "and mister john dashwood had then leisure to consider how much there might be prudently in "
    "his power to do for them unless to be rather cold hearted and rather selfish is to be ill "
    "disposed had he married a more amiable woman he might have been made still more respectable "
    "than he was";

TEST(LiveSpeech, WordsAreRightAndInTime) {
  if (!std::filesystem::exists(kRecordings)) GTEST_SKIP() << "install pocketsphinx-testdata";
  if (const auto model = find_model("base"); !model) GTEST_SKIP() << model.error().message;
  std::vector<std::int16_t> pcm;
  for (const char* number : {"0870", "0890", "0920"}) {
    const auto part = read_recording(
        kRecordings / ("sense_and_sensibility_01_austen_64kb-" + std::string(number) + ".wav"));
    ASSERT_TRUE(part) << part.error().message;
    pcm.insert(pcm.end(), part->begin(), part->end());
  }
  const auto engine = Engine::open({.model = "base", .device = DeviceKind::Cpu});
  ASSERT_TRUE(engine) << engine.error().message;
  TranscriberOptions options;
  options.language = "en";
  options.word_times = true;
  options.live_latency = std::chrono::milliseconds(1800);
  const auto stream = listen_in_simulated_time(*engine, options, PassCosts(), pcm);
  ASSERT_TRUE(stream) << stream.error().message;

  std::string text;
  std::int64_t sum = 0;
  std::int64_t end = 0;
  for (const auto& [word, emitted] : stream->words) {
    text += word.text;
    sum += emitted - word.end;
    EXPECT_LE(emitted - word.end, kSampleRate * 18 / 10) << word.text;
    EXPECT_GE(word.start, end) << word.text << ": overlaps the word before";
    end = word.end;
  }
  const Words said = words_of(kSaid);
  EXPECT_LE(word_errors(said, words_of(text)), said.size() / 20) << text;
  ASSERT_FALSE(stream->words.empty());
  EXPECT_LE(static_cast<double>(sum) / static_cast<double>(stream->words.size()),
            1.2 * kSampleRate);
  EXPECT_EQ(stream->stats.skipped_samples, 0U);
}

}  // namespace
}  // namespace npuwhisper::test

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
