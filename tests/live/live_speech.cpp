// SPDX-License-Identifier: LGPL-2.1-or-later
#include "live_speech.h"

#include <npuwhisper/engine.h>
#include <npuwhisper/transcriber.h>

#include <algorithm>
#include <string_view>

#include "recording.h"
#include "tests/gst/support/caption_reader.h"

namespace npuwhisper::test {
namespace {

const std::filesystem::path kRecordings = "/usr/share/pocketsphinx/test/data/librivox";

bool is_ours(GstMessage* message) {
  return g_str_has_prefix(GST_MESSAGE_SRC_NAME(message), "npuwhisper");
}

}  // namespace

void LiveSpeech::SetUp() {
  if (!std::filesystem::exists(kRecordings)) GTEST_SKIP() << "install pocketsphinx-testdata";
  if (const auto model = find_model(kModel); !model) GTEST_SKIP() << model.error().message;
}

std::filesystem::path LiveSpeech::speech(const std::string& name,
                                         std::initializer_list<const char*> numbers, int pause) {
  std::string inputs;
  std::string filter;
  std::string joined = "aevalsrc=0:d=0.5:s=16000[s];[s]";
  int n = 0;
  for (const char* number : numbers) {
    inputs += " -i " + (kRecordings /
                        ("sense_and_sensibility_01_austen_64kb-" + std::string(number) + ".wav"))
                           .string();
    const std::string index = std::to_string(n++);
    filter += "[" + index + ":a]apad=pad_dur=" + std::to_string(pause) + "[p" + index + "];";
    joined += "[p" + index + "]";
  }
  output_of(folder_.path(), "ffmpeg -nostdin -v error" + inputs + " -filter_complex '" + filter +
                                joined + "concat=n=" + std::to_string(n + 1) + ":v=0:a=1' " + name);
  return folder_.path() / name;
}

Words LiveSpeech::offline(std::span<const float> pcm) {
  const auto engine = Engine::open({.model = kModel});
  EXPECT_TRUE(engine) << engine.error().message;
  TranscriberOptions options;
  options.language = "en";
  const auto transcriber = Transcriber::create(*engine, options);
  EXPECT_TRUE(transcriber) << transcriber.error().message;
  std::string text;
  for (const auto& segments : {(*transcriber)->push(pcm), (*transcriber)->drain()}) {
    EXPECT_TRUE(segments) << segments.error().message;
    for (const Segment& segment : *segments) text += segment.text;
  }
  return words_of(text);
}

Words LiveSpeech::offline(const std::filesystem::path& recording) {
  const auto pcm = read_recording(recording);
  EXPECT_TRUE(pcm) << pcm.error().message;
  std::vector<float> samples(pcm->size());
  std::transform(pcm->begin(), pcm->end(), samples.begin(),
                 [](std::int16_t sample) { return static_cast<float>(sample) / 32768.0F; });
  return offline(samples);
}

std::string LiveSpeech::text_of(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += word + ' ';
  return text;
}

Words LiveSpeech::heard(const std::vector<Record>& cues) {
  std::string text;
  for (const Record& cue : cues) text += cue.text + ' ';
  return words_of(text);
}

void LiveSpeech::expect_same(const Words& wanted, const Words& found) {
  const std::string texts = "wanted: " + text_of(wanted) + "\nfound:  " + text_of(found);
  EXPECT_LE(letter_errors(wanted, found), kFewLetters) << texts;
  EXPECT_LE(found.size(), wanted.size() + kFewWords) << texts;
  EXPECT_GE(found.size() + kFewWords, wanted.size()) << texts;
}

void LiveSpeech::expect_same_but_for_the_end(const Words& wanted, const Words& found) {
  ASSERT_GT(wanted.size(), kChanceWords);
  const Words certain(wanted.begin(), wanted.end() - kChanceWords);
  // Finds the number of leading words of `found` that fit `certain` best.
  std::size_t n_errors = letter_errors(certain, {});
  for (std::size_t n = 1; n <= found.size(); ++n) {
    const Words begin(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(n));
    n_errors = std::min(n_errors, letter_errors(certain, begin));
  }
  const std::string texts = "wanted: " + text_of(wanted) + "\nfound:  " + text_of(found);
  EXPECT_LE(n_errors, kFewLetters) << texts;
  EXPECT_LE(found.size(), wanted.size() + kFewWords) << texts;
  EXPECT_GE(found.size() + kFewWords, wanted.size()) << texts;
}

bool LiveSpeech::is_text_complete(const Recorder& text, const HeardAudio& audio) {
  const auto is_at_end = [&](const Record& record) {
    return record.kind != Record::Kind::Event && record.end >= audio.end();
  };
  return text.wait([&](const auto& records) { return std::ranges::any_of(records, is_at_end); },
                   kLongest);
}

void LiveSpeech::expect_no_complaints(Pipeline& pipeline) {
  constexpr auto kKinds = static_cast<GstMessageType>(GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
  while (const auto message = pipeline.message(kKinds, std::chrono::milliseconds(0))) {
    if (!is_ours(message.get())) continue;
    const bool is_error = GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_ERROR;
    GError* error = nullptr;
    gchar* debug = nullptr;
    (is_error ? gst_message_parse_error : gst_message_parse_warning)(message.get(), &error, &debug);
    // The watchdog counts real time, while the sink's PatientClock may be stopped. Its warnings are
    // therefore ignored.
    const bool is_of_watchdog =
        std::string_view(error->message).find("has not accepted a buffer or event for") !=
        std::string_view::npos;
    if (!is_of_watchdog) {
      ADD_FAILURE() << GST_MESSAGE_SRC_NAME(message.get()) << ": " << error->message << " ("
                    << debug << ")";
    }
    g_error_free(error);
    g_free(debug);
  }
}

}  // namespace npuwhisper::test
