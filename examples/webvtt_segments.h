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

/// Writes timed text as a subtitle rendition of HTTP Live Streaming (RFC 8216, 3.5): WebVTT
/// segments of equal length and their media playlist, `captions.m3u8`, in a folder. Times are
/// milliseconds of the stream; X-TIMESTAMP-MAP ties its 0 to a time of the MPEG streams beside it.
/// A cue that reaches into the next segments is in each of them, as the standard asks.
///
/// A segment is written once everything before its end has been said, and then the playlist, each
/// under another name first, so that no reader sees half a file. Segments that left the playlist
/// are removed when as many again have. Call order: (cue | advance)* finish. Reentrant.
class WebVttSegments {
 public:
  struct Options {
    std::filesystem::path folder;
    std::chrono::milliseconds length{2000};  ///< At least 1.
    std::size_t n_listed = 5;                ///< Segments in the playlist; 0: all, none removed.
    std::uint64_t mpeg_time = 0;             ///< Of the stream's 0, in ticks of 90 kHz.
  };
  explicit WebVttSegments(Options options) : options_(std::move(options)) {}

  /// Plain text, shown from `start` to `end`; may have rows. Cues come by their start.
  void cue(std::int64_t start, std::int64_t end, std::string_view text);
  /// All cues that begin before `to` have come. Errors: Unavailable (a file cannot be written).
  Result<void> advance(std::int64_t to);
  /// The stream ends at `end`: writes what is left, and the playlist as a finished one.
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
  std::deque<Cue> cues_;          ///< Those that reach into next_ or beyond.
  std::int64_t next_ = 0;         ///< The segment that is written next.
  std::int64_t last_length_ = 0;  ///< Of the last one, ms.
};

}  // namespace npuwhisper::cli
