// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <optional>
#include <ostream>
#include <string>

namespace npuwhisper::cli {

/// Progress of one file. All values are in seconds.
struct ProgressPoint {
  double position = 0;             ///< Duration of the audio that has been transcribed.
  std::optional<double> duration;  ///< Duration of all audio to transcribe, if known.
  double wall = 0;                 ///< Time since the file's transcription began.
};

/// Shows the user the program's progress: one line on a terminal, redrawn repeatedly and removed
/// when a file is done. Writes nothing if there is no terminal, because output to a file must not
/// depend on the machine's speed. Reentrant.
class Progress {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Creates a display on `out`, which must outlive this object. Nothing is drawn until 100 ms
  /// after `now`.
  Progress(bool is_terminal, std::ostream& out, TimePoint now);

  /// Redraws the line with the progress of `file`, unless the last drawing was too recent.
  void update(const std::string& file, const ProgressPoint& point, TimePoint now);
  /// Clears the line, so that other output can start at the left margin.
  void clear();

 private:
  bool is_terminal_;
  std::ostream& out_;
  TimePoint last_;
  bool drawn_ = false;
};

/// Returns "01:23", or "1:01:23" from one hour on.
std::string clock_text(double seconds);
/// Returns "12.3x real time", or "" if either duration is 0.
std::string speed_text(double audio_seconds, double wall_seconds);
/// Returns "01:23 left" at the mean speed so far, or "" if the duration or the speed is not known.
std::string left_text(const ProgressPoint& point);

}  // namespace npuwhisper::cli
