// SPDX-License-Identifier: LGPL-2.1-or-later
#include "progress.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace npuwhisper::cli {
namespace {

using namespace std::chrono_literals;
constexpr auto kDrawPause = 100ms;

// Clears from the left margin to the end of the line (ECMA-48: carriage return, EL).
constexpr const char* kClearLine = "\r\033[K";
// Makes the terminal truncate a line that is too long (DECAWM), because a wrapped line could not be
// cleared.
constexpr const char* kWrapOff = "\033[?7l";
constexpr const char* kWrapOn = "\033[?7h";

std::string describe(const ProgressPoint& point) {
  std::string text = clock_text(point.position);
  if (point.duration && *point.duration > 0) {
    const double share = std::clamp(point.position / *point.duration, 0.0, 1.0);
    text += " / " + clock_text(*point.duration) + "  " +
            std::to_string(static_cast<int>(share * 100)) + " %";
  }
  for (const std::string& more : {speed_text(point.position, point.wall), left_text(point)}) {
    if (!more.empty()) text += "  " + more;
  }
  return text;
}

}  // namespace

Progress::Progress(bool is_terminal, std::ostream& out, TimePoint now)
    : is_terminal_(is_terminal), out_(out), last_(now) {}

void Progress::update(const std::string& file, const ProgressPoint& point, TimePoint now) {
  if (!is_terminal_ || now - last_ < kDrawPause) return;
  last_ = now;
  out_ << kClearLine << kWrapOff << describe(point) << "  " << file << kWrapOn << std::flush;
  drawn_ = true;
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

std::string left_text(const ProgressPoint& point) {
  if (!point.duration || point.position <= 0 || point.wall <= 0) return {};
  const double left = std::max(0.0, *point.duration - point.position);
  // Rounded up, so that the end is not later than shown if the speed stays the same.
  return clock_text(std::ceil(left * point.wall / point.position)) + " left";
}

}  // namespace npuwhisper::cli
