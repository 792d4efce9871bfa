// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>
#include <string_view>

#include <npuwhisper/result.h>

namespace npuwhisper::cli {

/// Writes timed text as a subtitle rendition of HTTP Live Streaming (RFC 8216, 3.5) into a folder:
/// WebVTT segments of equal length and their media playlist, `captions.m3u8`. All times are stream
/// times in milliseconds. X-TIMESTAMP-MAP maps stream times to the times of the accompanying MPEG
/// streams. A cue that spans several segments is in each of these segments, as the standard
/// requires.
///
/// A segment is written as soon as all text before its end is known. The playlist is written after
/// the segment. Each file is written under another name first and renamed when it is complete, so
/// that no reader sees an incomplete file. The folder holds at most twice as many segments as the
/// playlist. Older segments are removed. Call order: (cue | advance)* finish. Reentrant.
class WebVttSegments {
 public:
  struct Options {
    std::filesystem::path folder;
    std::chrono::milliseconds length{2000};  ///< At least 1 ms.
    std::size_t n_listed = 5;                ///< Number of listed segments; 0: keeps and lists all.
    std::uint64_t mpeg_time = 0;             ///< MPEG time of stream time 0, in 90 kHz ticks.
  };
  explicit WebVttSegments(Options options) : options_(std::move(options)) {}

  /// Adds plain text, shown from `start` to `end`. The text may have several rows. Add cues in the
  /// order of their start. A cue that begins in a written segment begins in the next segment
  /// instead. A cue that ends in a written segment is dropped.
  void cue(std::int64_t start, std::int64_t end, std::string_view text);
  /// Declares that all cues that begin before `to` have been added. Errors: Unavailable (a file
  /// cannot be written).
  Result<void> advance(std::int64_t to);
  /// Ends the stream at `end`: writes the remaining cues and marks the playlist as finished.
  /// Errors: Unavailable (a file cannot be written).
  Result<void> finish(std::int64_t end);

 private:
  struct Cue {
    std::int64_t start;
    std::int64_t end;
    std::string text;
  };

  std::int64_t length() const { return options_.length.count(); }
  std::string name_of(std::int64_t segment) const;
  Result<void> write_segment();
  Result<void> write_playlist(bool finished);
  Result<void> write(const std::string& name, const std::string& content) const;

  const Options options_;
  std::deque<Cue> cues_;          ///< Cues that reach into segment next_ or beyond.
  std::int64_t next_ = 0;         ///< The segment that is written next.
  std::int64_t last_length_ = 0;  ///< Length of the last segment, in ms.
};

}  // namespace npuwhisper::cli
