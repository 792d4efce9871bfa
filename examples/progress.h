// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <optional>
#include <ostream>
#include <string>

namespace npuwhisper::cli {

/// How far one file is. Seconds.
struct ProgressPoint {
  double position = 0;             ///< Audio that has been transcribed.
  std::optional<double> duration;  ///< Of all the audio that is to be transcribed, if it is known.
  double wall = 0;                 ///< Since the file was started.
};

/// Shows the user how far the program is: one line on a terminal, drawn again and again, and
/// removed when a file is done. Writes nothing where there is no terminal: what is written there
/// must not depend on the machine's speed. Reentrant.
class Progress {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Borrows `out`. The first line is drawn 100 ms after `now`.
  Progress(bool is_terminal, std::ostream& out, TimePoint now);

  /// Shows where `file` is, if it is time to do so.
  void update(const std::string& file, const ProgressPoint& point, TimePoint now);
  /// Clears the line, so that other output can start at the left margin.
  void clear();

 private:
  bool is_terminal_;
  std::ostream& out_;
  TimePoint last_;
  bool drawn_ = false;
};

/// "01:23", or "1:01:23" from an hour on.
std::string clock_text(double seconds);
/// "12.3x real time", or nothing while there is no time to divide by.
std::string speed_text(double audio_seconds, double wall_seconds);
/// "01:23 left" at the mean speed so far; nothing if the duration or the speed is not known.
std::string left_text(const ProgressPoint& point);

}  // namespace npuwhisper::cli
