// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests that a model of a larger shape gives the text of its source model (widened_model.h). The
// time is simulated, so every run gives the same result. A test is skipped if the weights or
// Debian's pocketsphinx-testdata are missing.
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "live_simulation.h"
#include "recording.h"
#include "temporary_folder.h"
#include "widened_model.h"
#include "word_errors.h"

namespace npuwhisper::test {
namespace {

const std::filesystem::path kRecordings = "/usr/share/pocketsphinx/test/data/librivox";
/// Number of samples that are also transcribed live. Live transcription takes several times as long
/// as offline transcription.
constexpr std::size_t kLiveSamples = 5 * kSampleRate;

/// Returns 9.8 s of speech: "And Mister John Dashwood ... for them. He was not an ill-disposed
/// young man."
Result<std::vector<std::int16_t>> read_speech() {
  std::vector<std::int16_t> pcm;
  for (const char* number : {"0870", "0880"}) {
    const auto part = read_recording(
        kRecordings / ("sense_and_sensibility_01_austen_64kb-" + std::string(number) + ".wav"));
    if (!part) return fail(part.error());
    pcm.insert(pcm.end(), part->begin(), part->end());
  }
  return pcm;
}

std::string text_of(const std::vector<Segment>& segments) {
  std::string text;
  for (const Segment& segment : segments) text += segment.text;
  return text;
}

/// The transcripts of the speech by one model.
struct Texts {
  std::string offline;
  std::string live;
};

/// Transcribes the speech offline with the model in `folder`. If `live` is true, also transcribes
/// the first kLiveSamples samples live. Otherwise, Texts::live is empty.
Result<Texts> transcribe(const std::filesystem::path& folder, Precision precision, bool live) {
  const auto pcm = read_speech();
  if (!pcm) return fail(pcm.error());
  const auto engine =
      Engine::open({.model = folder, .device = DeviceKind::Cpu, .precision = precision});
  if (!engine) return fail(engine.error());
  TranscriberOptions options;
  options.language = "en";
  options.vad = Vad::Off;
  Texts texts;
  const auto transcriber = Transcriber::create(*engine, options);
  if (!transcriber) return fail(transcriber.error());
  const auto pushed = (*transcriber)->push(*pcm);
  if (!pushed) return fail(pushed.error());
  const auto rest = (*transcriber)->drain();
  if (!rest) return fail(rest.error());
  texts.offline = text_of(*pushed) + text_of(*rest);
  if (!live) return texts;
  options.word_times = true;
  options.live_latency = std::chrono::milliseconds(1800);
  const auto start = std::span<const std::int16_t>(*pcm).first(kLiveSamples);
  const auto stream = listen_in_simulated_time(*engine, options, PassCosts(), start);
  if (!stream) return fail(stream.error());
  for (const auto& [word, emitted] : stream->words) texts.live += word.text;
  return texts;
}

class WidenedModel : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kRecordings)) GTEST_SKIP() << "install pocketsphinx-testdata";
  }

  /// Writes a model of the shape `wide` that computes the same function as the model `source`.
  /// Skips the test if `source` is not on this machine.
  void widen(const std::string& source, const WideShape& wide) {
    const auto folder = find_model(source);
    if (!folder) GTEST_SKIP() << folder.error().message;
    const auto model = Model::load(*folder);
    ASSERT_TRUE(model) << model.error().message;
    const auto written = write_widened_model(**model, wide, folder_.path());
    ASSERT_TRUE(written) << written.error().message;
    source_ = *folder;
  }

  /// Expects that the texts of both models differ in at most `max_errors` words of about 30.
  void compare(Precision precision, bool live, std::size_t max_errors) {
    if (IsSkipped() || HasFatalFailure()) return;
    const auto wanted = transcribe(source_, precision, live);
    ASSERT_TRUE(wanted) << wanted.error().message;
    const auto found = transcribe(folder_.path(), precision, live);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_GE(words_of(wanted->offline).size(), 30U) << wanted->offline;
    EXPECT_GE(words_of(wanted->live).size(), live ? 12U : 0U) << wanted->live;
    if (max_errors == 0) {
      EXPECT_EQ(found->offline, wanted->offline);
      EXPECT_EQ(found->live, wanted->live);
    }
    EXPECT_LE(word_errors(words_of(wanted->offline), words_of(found->offline)), max_errors);
    EXPECT_LE(word_errors(words_of(wanted->live), words_of(found->live)), max_errors);
  }

 private:
  TemporaryFolder folder_;
  std::filesystem::path source_;
};

/// In the default precision, rounding may change a word. A model that is wrong in any operation has
/// far more errors.
TEST_F(WidenedModel, SmallEnSaysWhatTinyEnSays) {
  widen("tiny.en", {.n_state = 768, .n_audio_layer = 12, .n_text_layer = 12});
  compare(Precision::F32, false, 0);
  compare(Precision::Auto, false, 3);
}

TEST_F(WidenedModel, DistilSmallEnSaysWhatTinyEnSays) {
  widen("tiny.en", {.n_state = 768, .n_audio_layer = 12, .n_text_layer = 4});
  compare(Precision::F32, false, 0);
}

TEST_F(WidenedModel, ZeroChannelsDoNotChangeTheText) {
  widen("tiny.en", {.n_state = 512, .n_audio_layer = 5, .n_text_layer = 5});
  compare(Precision::F32, true, 0);
}

/// The larger model has the 128 mel bins and the vocabulary of large-v3. Its mel bins are
/// interpolated, so a few words may differ.
TEST_F(WidenedModel, FrontEndOfLargeV3) {
  widen("base", {.n_state = 512, .n_audio_layer = 6, .n_text_layer = 6, .is_v3 = true});
  compare(Precision::F32, false, 3);
}

}  // namespace
}  // namespace npuwhisper::test

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
