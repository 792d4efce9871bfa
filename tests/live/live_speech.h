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
#include "patient_clock.h"
#include "pipeline_fixture.h"
#include "recorder.h"
#include "temporary_folder.h"
#include "word_errors.h"

namespace npuwhisper::test {

/// Recorded speech for live sources, and what Whisper base makes of it offline. The clock waits for
/// the machine, so that no audio is skipped however busy it is. Tests are skipped where the weights
/// or Debian's pocketsphinx-testdata are missing.
class LiveSpeech : public ::testing::Test {
 public:
  /// Waits as long as this for what must come: seconds of live audio on the busiest of machines.
  static constexpr std::chrono::seconds kLongest{120};

 protected:
  static constexpr const char* kModel = "base";
  /// The properties of npuwhisper or npuwhisperbin in these tests.
  static constexpr const char* kProperties = "model=base language-code=en latency=4000 ";

  void SetUp() override;

  /// A WAV file in the test's folder: half a second of silence, then these recordings ("0890"),
  /// each followed by `pause` seconds of silence.
  std::filesystem::path speech(const std::string& name, std::initializer_list<const char*> numbers,
                               int pause = 1);
  /// The words of the recordings, by the offline transcriber.
  static Words offline(std::span<const float> pcm);
  static Words offline(const std::filesystem::path& recording);

  static std::string text_of(const Words& words);
  static Words heard(const std::vector<Record>& cues);
  /// Errors of one word that differs: one that is heard as two ("disp most") counts twice.
  static constexpr std::size_t kOneWord = 2;
  /// Fails the test where there are more than `n_most` word errors.
  static void expect_same(const Words& wanted, const Words& found, std::size_t n_most);
  /// Waits for text, or a GAP, up to where the audio ends: nothing else comes from the source, nor
  /// an EOS.
  static bool is_text_complete(const Recorder& text, const HeardAudio& audio);
  /// Fails the test where a WARNING (late text, skipped audio) or ERROR of npuwhisper is on the
  /// bus.
  static void expect_no_complaints(Pipeline& pipeline);

  const PatientClock clock_;
  TemporaryFolder folder_;
};

}  // namespace npuwhisper::test
