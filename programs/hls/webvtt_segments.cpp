// SPDX-License-Identifier: LGPL-2.1-or-later
#include "webvtt_segments.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <system_error>

#include "programs/common/cue_text.h"

namespace npuwhisper::cli {
namespace {

constexpr std::uint64_t kMpegClock = 1ULL << 33;

// Returns the lines of `text`, escaped. Leaves out empty lines, because an empty line would end the
// cue.
std::string rows_of(std::string_view text) {
  std::istringstream lines{std::string(text)};
  std::string rows;
  for (std::string line; std::getline(lines, line);) {
    line = one_line(line);
    if (line.empty()) continue;
    rows += (rows.empty() ? "" : "\n") + escape_vtt(line);
  }
  return rows;
}

}  // namespace

void WebVttSegments::cue(std::int64_t start, std::int64_t end, std::string_view text) {
  // A cue cannot begin in a segment that has already been written.
  start = std::max(start, next_ * length());
  std::string rows = rows_of(text);
  if (!rows.empty() && end > start) cues_.push_back({start, end, std::move(rows)});
}

Result<void> WebVttSegments::advance(std::int64_t to) {
  while ((next_ + 1) * length() <= to) {
    last_length_ = length();
    if (auto written = write_segment(); !written) return written;
    if (auto written = write_playlist(false); !written) return written;
  }
  return {};
}

Result<void> WebVttSegments::finish(std::int64_t end) {
  if (auto advanced = advance(end); !advanced) return advanced;
  if (end > next_ * length()) {
    last_length_ = end - next_ * length();
    if (auto written = write_segment(); !written) return written;
  }
  return write_playlist(true);
}

std::string WebVttSegments::name_of(std::int64_t segment) const {
  char name[40];
  std::snprintf(name, sizeof name, "captions%05lld.vtt", static_cast<long long>(segment));
  return name;
}

Result<void> WebVttSegments::write_segment() {
  const std::int64_t end = next_ * length() + last_length_;
  std::ostringstream out;
  // Maps the segment's own start, because the MPEG clock wraps after about a day.
  const std::int64_t start = next_ * length();
  const std::uint64_t mpeg = options_.mpeg_time + 90 * static_cast<std::uint64_t>(start);
  out << "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:" << mpeg % kMpegClock
      << ",LOCAL:" << cue_timestamp(start, '.') << "\n\n";
  for (const Cue& cue : cues_) {
    if (cue.start >= end) break;
    out << cue_timestamp(cue.start, '.') << " --> " << cue_timestamp(cue.end, '.') << '\n'
        << cue.text << "\n\n";
  }
  if (auto written = write(name_of(next_), out.str()); !written) return written;
  ++next_;
  std::erase_if(cues_, [&](const Cue& cue) { return cue.end <= end; });

  const auto n_listed = static_cast<std::int64_t>(options_.n_listed);
  if (n_listed > 0 && next_ > 2 * n_listed) {
    std::error_code ignored;  // The file may have been removed already.
    std::filesystem::remove(options_.folder / name_of(next_ - 2 * n_listed - 1), ignored);
  }
  return {};
}

Result<void> WebVttSegments::write_playlist(bool finished) {
  const auto n_listed = static_cast<std::int64_t>(options_.n_listed);
  const std::int64_t first = n_listed > 0 ? std::max<std::int64_t>(0, next_ - n_listed) : 0;
  std::ostringstream out;
  out << "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:" << (length() + 999) / 1000
      << "\n#EXT-X-MEDIA-SEQUENCE:" << first << '\n';
  for (std::int64_t segment = first; segment < next_; ++segment) {
    const std::int64_t ms = segment + 1 == next_ ? last_length_ : length();
    char seconds[40];
    std::snprintf(seconds, sizeof seconds, "%lld.%03lld", static_cast<long long>(ms / 1000),
                  static_cast<long long>(ms % 1000));
    out << "#EXTINF:" << seconds << ",\n" << name_of(segment) << '\n';
  }
  if (finished) out << "#EXT-X-ENDLIST\n";
  return write("captions.m3u8", out.str());
}

Result<void> WebVttSegments::write(const std::string& name, const std::string& content) const {
  const std::filesystem::path path = options_.folder / name;
  const std::filesystem::path draft = options_.folder / (name + ".new");
  std::ofstream file(draft, std::ios::binary);
  file << content;
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(draft, path, error);
  if (!file || error) return fail(ErrorCode::Unavailable, "cannot write " + path.string());
  return {};
}

}  // namespace npuwhisper::cli
