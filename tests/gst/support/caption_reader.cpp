// SPDX-License-Identifier: LGPL-2.1-or-later
#include "caption_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <sstream>

namespace npuwhisper::test {
namespace {

std::string srt_time(int ms) {
  char text[40];
  std::snprintf(text, sizeof text, "%02d:%02d:%02d,%03d", ms / 3600000, ms / 60000 % 60,
                ms / 1000 % 60, ms % 1000);
  return text;
}

int ms_of(const std::string& srt_time) {
  int h = 0;
  int m = 0;
  int s = 0;
  int ms = 0;
  EXPECT_EQ(std::sscanf(srt_time.c_str(), "%d:%d:%d,%d", &h, &m, &s, &ms), 4) << srt_time;
  // ffmpeg writes 2^32 ms as the end of a subtitle that has no end.
  const std::int64_t time = ((h * 60 + m) * 60 + std::int64_t{s}) * 1000 + ms;
  return static_cast<int>(std::min<std::int64_t>(time, std::numeric_limits<int>::max()));
}

// Removes ffmpeg's markup for font and position.
std::string without_tags(const std::string& line) {
  std::string text;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '<' || line.compare(i, 2, "{\\") == 0) {
      i = line.find(line[i] == '<' ? '>' : '}', i);
      if (i == std::string::npos) break;
    } else {
      text += line[i];
    }
  }
  return text;
}

}  // namespace

std::string srt_of(const std::vector<Cue>& cues) {
  std::ostringstream out;
  for (std::size_t i = 0; i < cues.size(); ++i) {
    out << i + 1 << '\n'
        << srt_time(cues[i].start_ms) << " --> " << srt_time(cues[i].end_ms) << '\n'
        << cues[i].text << "\n\n";
  }
  return out.str();
}

std::vector<Cue> parse_srt(const std::string& srt) {
  std::vector<Cue> cues;
  std::istringstream lines(srt);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t arrow = line.find(" --> ");
    if (arrow != std::string::npos) {
      cues.push_back({ms_of(line.substr(0, arrow)), ms_of(line.substr(arrow + 5)), ""});
    } else if (!cues.empty() && !line.empty() &&
               line.find_first_not_of("0123456789") != std::string::npos) {
      std::string& text = cues.back().text;
      if (line.back() == '\r') line.pop_back();
      text += (text.empty() ? "" : "\n") + without_tags(line);
    }
  }
  return cues;
}

std::string output_of(const std::filesystem::path& folder, const std::string& command) {
  const std::string line = "cd '" + folder.string() + "' && " + command;
  FILE* pipe = popen(line.c_str(), "r");
  if (pipe == nullptr) {
    ADD_FAILURE() << "cannot run " << line;
    return "";
  }
  std::string out;
  char part[4096];
  for (std::size_t n = 0; (n = std::fread(part, 1, sizeof part, pipe)) > 0;) out.append(part, n);
  EXPECT_EQ(pclose(pipe), 0) << line;
  return out;
}

std::vector<Cue> captions_by_ffmpeg(const std::filesystem::path& folder, const std::string& input) {
  return parse_srt(output_of(folder, "ffmpeg -nostdin -v error " + input + " -map 0:s:0 -f srt -"));
}

void expect_same(const std::vector<Cue>& found, const std::vector<Cue>& wanted, int tolerance_ms,
                 std::optional<int> end_tolerance_ms) {
  ASSERT_EQ(found.size(), wanted.size()) << srt_of(found);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].text, wanted[i].text);
    EXPECT_NEAR(found[i].start_ms, wanted[i].start_ms, tolerance_ms) << found[i].text;
    EXPECT_NEAR(found[i].end_ms, wanted[i].end_ms, end_tolerance_ms.value_or(tolerance_ms))
        << found[i].text;
  }
}

}  // namespace npuwhisper::test
