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
  std::optional<double> duration;  ///< Of the whole file, where it is known.
  double wall = 0;                 ///< Since the file was started.
};

/// Tells a person how far the program is. Reentrant.
class Progress {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  enum class Style {
    None,
    Terminal,  ///< One line, drawn again and again; gone when a file is done.
    Log,       ///< Lines, at most one each five seconds, across all files.
  };

  /// Borrows `out`. The first line of Log comes five seconds after `now`.
  Progress(Style style, std::ostream& out, TimePoint now);

  /// Shows where `file` is, if it is time to do so.
  void update(const std::string& file, const ProgressPoint& point, TimePoint now);
  /// Clears the line, so that other output can start at the left margin.
  void clear();

 private:
  Style style_;
  std::ostream& out_;
  TimePoint last_;
  bool drawn_ = false;
};

/// "01:23", or "1:01:23" from an hour on.
std::string clock_text(double seconds);
/// "12.3x real time", or nothing while there is no time to divide by.
std::string speed_text(double audio_seconds, double wall_seconds);

}  // namespace npuwhisper::cli
