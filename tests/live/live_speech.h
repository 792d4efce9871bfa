// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <initializer_list>
#include <span>
#include <string>

#include "heard_audio.h"
#include "temporary_folder.h"
#include "tests/gst/support/patient_clock.h"
#include "tests/gst/support/pipeline_fixture.h"
#include "tests/gst/support/recorder.h"
#include "word_errors.h"

namespace npuwhisper::test {

/// Recorded speech for live sources, and its offline transcription by Whisper base. The clock waits
/// for slow computation, so no audio is skipped even on a busy machine. Tests are skipped if the
/// weights or Debian's pocketsphinx-testdata are missing.
class LiveSpeech : public ::testing::Test {
 public:
  /// Timeout for anything that must arrive. On a very busy machine, seconds of live audio may take
  /// this long.
  static constexpr std::chrono::seconds kLongest{120};

 protected:
  static constexpr const char* kModel = "base";
  /// The properties of npuwhisper or npuwhisperbin in these tests.
  static constexpr const char* kProperties = "model=base language-code=en latency=4000 ";

  void SetUp() override;

  /// Writes the WAV file `name` to the test's folder and returns its path. The file begins with
  /// half a second of silence. The recordings with these numbers (such as "0890") follow, each with
  /// `pause` seconds of silence after it.
  std::filesystem::path speech(const std::string& name, std::initializer_list<const char*> numbers,
                               int pause = 1);
  /// Returns the words that the offline transcriber recognises in the audio.
  static Words offline(std::span<const float> pcm);
  static Words offline(const std::filesystem::path& recording);

  static std::string text_of(const Words& words);
  static Words heard(const std::vector<Record>& cues);
  /// Maximum number of different letters in two texts that count as the same.
  static constexpr std::size_t kFewLetters = 8;
  /// Maximum difference in the number of words between two texts that count as the same.
  static constexpr std::size_t kFewWords = 2;
  /// Fails the test if text is missing or repeated. Text counts as missing or repeated if more than
  /// kFewLetters letters differ, or if the numbers of words differ by more than kFewWords. The
  /// words themselves may differ a little. On a slow machine, live recognition has less audio when
  /// it decides ("self fish", "all disposed").
  static void expect_same(const Words& wanted, const Words& found);
  /// Number of words at the end of a text that may be misrecognised, because no audio follows them.
  static constexpr std::size_t kChanceWords = 5;
  /// Compares texts that end in the middle of speech. Works like expect_same(), but ignores the
  /// letters of the last kChanceWords words of `wanted`. The numbers of all words must still match.
  static void expect_same_but_for_the_end(const Words& wanted, const Words& found);
  /// Waits until text or a GAP reaches the end of the audio. After the audio, the source sends
  /// nothing, not even an EOS. Returns false after kLongest.
  static bool is_text_complete(const Recorder& text, const HeardAudio& audio);
  /// Fails the test if a WARNING (late text, skipped audio) or ERROR of npuwhisper is on the bus.
  static void expect_no_complaints(Pipeline& pipeline);

  const PatientClock clock_;
  TemporaryFolder folder_;
};

}  // namespace npuwhisper::test
