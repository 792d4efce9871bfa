// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <string>

#include <npuwhisper/result.h>

namespace npuwhisper::monitor {

/// A piece of text from the element npuwhisper, converted to JSON for browsers.
struct CaptionEvent {
  bool final = false;  ///< True: final text. False: replaces the previous partial text.
  double delay = 0;    ///< Seconds from the end of the last word until the text left the element.
  /// One line: {"text", "start", "end", "language", "delay", "words": [{"text", "start", "end"}]}.
  /// Times are stream times in seconds. A text includes the space that separates it from the
  /// previous text.
  std::string json;
};

/// Converts the times in the JSON of the element npuwhisper. These times are timestamps of the
/// element's input, in seconds.
struct TimeMeaning {
  /// Converts a timestamp to stream time, in seconds. Unlike stream times, the timestamps of
  /// consecutive streams may each begin at 0.
  std::function<double(double)> stream_time;
  /// Returns the number of seconds from a timestamp until the text left the element.
  std::function<double(double)> delay;
};

/// Converts `json`, a JSON object of the pad unsynced_src. `meaning` converts the times in the
/// object. Errors: InvalidArgument (`json` is not such an object).
Result<CaptionEvent> make_caption_event(const std::string& json, const TimeMeaning& meaning);

}  // namespace npuwhisper::monitor
