// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

namespace npuwhisper::soak {

/// Watches a source pad of the element (output-mode=word) and compares what leaves it with what was
/// said. It remembers the last 150 words only. Thread-safe.
class TextCheck {
 public:
  struct Totals {
    std::uint64_t words = 0, gaps = 0;
    std::uint64_t heard = 0;      ///< Words that were said where the text says.
    std::uint64_t repeated = 0;   ///< The same word of the speech for the second time.
    std::uint64_t wrong = 0;      ///< Words that nobody said there.
    std::uint64_t lost = 0;       ///< Words that never came.
    std::uint64_t backwards = 0;  ///< Buffers that begin before the end of the one before.
    double mean_delay = 0,
           max_delay = 0;  ///< Seconds from a word's end to its buffer, by the clock.
  };

  /// `clock`: gives the running time at which something leaves the element.
  TextCheck(GstPad* pad, GstElement* element, bool knows_words);
  ~TextCheck();
  TextCheck(const TextCheck&) = delete;
  TextCheck& operator=(const TextCheck&) = delete;

  /// A word lies at these buffer times of the present segment.
  void said(const std::string& text, GstClockTime start, GstClockTime end);
  /// What is said between these times may come out in any way, or not at all.
  void forgive(GstClockTime start, GstClockTime end);
  /// A flush: what did not come in time for `now` is lost, the rest is forgotten.
  void flushed(GstClockTime now, GstClockTime latency);

  Totals totals() const;
  /// Running time up to which text, or a GAP, has come.
  GstClockTime covered() const;
  /// The first few things that were wrong, for people.
  std::vector<std::string> complaints() const;

 private:
  struct Word {
    std::string text;
    GstClockTime start, end;
    bool came = false;
  };
  struct Span {
    GstClockTime start, end;
  };

  static GstPadProbeReturn probe(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  void take(GstBuffer* buffer);
  void take(GstEvent* event);
  void compare(const std::string& text, GstClockTime start, GstClockTime end);
  bool forgiven(GstClockTime start, GstClockTime end) const;
  void forget(std::size_t most, GstClockTime due);
  void complain(const std::string& text);

  GstPad* const pad_;
  GstElement* const element_;
  const bool knows_words_;
  gulong probe_ = 0;

  mutable std::mutex mutex_;  // Guards all below.
  GstSegment segment_{};
  std::deque<Word> words_;
  std::deque<Span> forgiven_;
  GstClockTime last_end_ = 0;  // Running times.
  GstClockTime covered_ = 0;
  double delays_ = 0;
  Totals totals_;
  std::vector<std::string> complaints_;
};

}  // namespace npuwhisper::soak
