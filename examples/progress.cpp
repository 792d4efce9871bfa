// SPDX-License-Identifier: LGPL-2.1-or-later
#include "progress.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace npuwhisper::cli {
namespace {

using namespace std::chrono_literals;
constexpr auto kLogPause = 5s;
constexpr auto kDrawPause = 100ms;

// From the left margin to the end of the line (ECMA-48: carriage return, EL).
constexpr const char* kClearLine = "\r\033[K";
// A line longer than the terminal is cut, not wrapped, or it could not be cleared (DECAWM).
constexpr const char* kWrapOff = "\033[?7l";
constexpr const char* kWrapOn = "\033[?7h";

std::string describe(const ProgressPoint& point) {
  std::string text = clock_text(point.position);
  if (point.duration && *point.duration > 0) {
    const double share = std::clamp(point.position / *point.duration, 0.0, 1.0);
    text += " / " + clock_text(*point.duration) + "  " +
            std::to_string(static_cast<int>(share * 100)) + " %";
  }
  const std::string speed = speed_text(point.position, point.wall);
  return speed.empty() ? text : text + "  " + speed;
}

}  // namespace

Progress::Progress(Style style, std::ostream& out, TimePoint now)
    : style_(style), out_(out), last_(now) {}

void Progress::update(const std::string& file, const ProgressPoint& point, TimePoint now) {
  if (style_ == Style::None) return;
  const bool terminal = style_ == Style::Terminal;
  if (now - last_ < (terminal ? TimePoint::duration(kDrawPause) : TimePoint::duration(kLogPause))) {
    return;
  }
  last_ = now;
  const std::string line = describe(point) + "  " + file;
  if (terminal) {
    out_ << kClearLine << kWrapOff << line << kWrapOn << std::flush;
    drawn_ = true;
  } else {
    out_ << line << std::endl;
  }
}

void Progress::clear() {
  if (drawn_) out_ << kClearLine << std::flush;
  drawn_ = false;
}

std::string clock_text(double seconds) {
  const auto whole = static_cast<long long>(std::max(0.0, seconds));
  std::array<char, 40> text{};
  if (whole >= 3600) {
    std::snprintf(text.data(), text.size(), "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60,
                  whole % 60);
  } else {
    std::snprintf(text.data(), text.size(), "%02lld:%02lld", whole / 60, whole % 60);
  }
  return text.data();
}

std::string speed_text(double audio_seconds, double wall_seconds) {
  if (audio_seconds <= 0 || wall_seconds <= 0) return {};
  const double speed = audio_seconds / wall_seconds;
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*fx real time", speed < 10 ? 1 : 0, speed);
  return text.data();
}

}  // namespace npuwhisper::cli
