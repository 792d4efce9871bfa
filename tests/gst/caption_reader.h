// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace npuwhisper::test {

/// A caption as a viewer gets it: plain text, rows separated by newlines, times in milliseconds.
struct Cue {
  int start_ms;
  int end_ms;
  std::string text;

  bool operator==(const Cue&) const = default;
};

/// SubRip: what the chains' tests feed to subparse, and what ffmpeg gives for any kind of captions.
std::string srt_of(const std::vector<Cue>& cues);
/// Without ffmpeg's markup of font and place.
std::vector<Cue> parse_srt(const std::string& srt);

/// The output of a shell command that runs in `folder`; a test failure if it fails.
std::string output_of(const std::filesystem::path& folder, const std::string& command);

/// The first subtitles of `input`, ffmpeg's words for it ("-i out.mov"), as ffmpeg reads them in
/// `folder`.
std::vector<Cue> captions_by_ffmpeg(const std::filesystem::path& folder, const std::string& input);

/// Fails the test where texts differ, or times by more than `tolerance_ms` (ends:
/// `end_tolerance_ms`, if given).
void expect_same(const std::vector<Cue>& found, const std::vector<Cue>& wanted, int tolerance_ms,
                 std::optional<int> end_tolerance_ms = {});

}  // namespace npuwhisper::test
