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

/// Reads an object of the pad unsynced_src; `delay_of` gives the delay of what was said at a time.
/// Errors: InvalidArgument for anything else.
Result<CaptionEvent> make_caption_event(const std::string& json,
                                        const std::function<double(double)>& delay_of);

}  // namespace npuwhisper::monitor
