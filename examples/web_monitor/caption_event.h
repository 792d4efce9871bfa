// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <string>

#include <npuwhisper/result.h>

namespace npuwhisper::monitor {

/// What the element's JSON says, for browsers.
struct CaptionEvent {
  bool final = false;  ///< It stands; else it replaces the partial text before it.
  double delay = 0;    ///< Seconds from the end of its last word to its leaving the element.
  /// One line: {"text", "start", "end", "language", "delay", "words": [{"text", "start", "end"}]}.
  /// Times are seconds of the stream. Text begins with the space that it wants before it.
  std::string json;
};

/// What the times of the element's JSON mean, which are timestamps of its input, in seconds.
struct TimeMeaning {
  /// Seconds of the stream: streams that follow each other may have timestamps from 0 each.
  std::function<double(double)> stream_time;
  /// Seconds since that was spoken.
  std::function<double(double)> delay;
};

/// Reads an object of the pad unsynced_src. Errors: InvalidArgument for anything else.
Result<CaptionEvent> make_caption_event(const std::string& json, const TimeMeaning& meaning);

}  // namespace npuwhisper::monitor
