// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace npuwhisper::test {

/// A caption as a viewer sees it: plain text, rows separated by newlines, times in milliseconds.
struct Cue {
  int start_ms;
  int end_ms;
  std::string text;

  bool operator==(const Cue&) const = default;
};

/// Returns the cues as SubRip, which the chain tests feed to subparse.
std::string srt_of(const std::vector<Cue>& cues);
/// Returns the cues of a SubRip file, without ffmpeg's markup for font and position. Rows that
/// consist of digits are left out, because they may be the numbers of cues.
std::vector<Cue> parse_srt(const std::string& srt);

/// Runs a shell command in `folder` and returns its output. Fails the test if the command fails.
std::string output_of(const std::filesystem::path& folder, const std::string& command);

/// Returns the first subtitle stream of `input`, as ffmpeg decodes it in `folder`. `input` holds
/// ffmpeg's arguments, such as "-i out.mov".
std::vector<Cue> captions_by_ffmpeg(const std::filesystem::path& folder, const std::string& input);

/// Fails the test if the number of cues or a text differs, or if a time differs by more than
/// `tolerance_ms`. If `end_tolerance_ms` is given, it is the tolerance of the end times.
void expect_same(const std::vector<Cue>& found, const std::vector<Cue>& wanted, int tolerance_ms,
                 std::optional<int> end_tolerance_ms = {});

}  // namespace npuwhisper::test
