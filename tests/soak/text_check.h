// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

namespace npuwhisper::soak {

/// Probes a source pad of the element (output-mode=word) and compares its text with the spoken
/// words. It stores only the last 150 words. Thread-safe.
class TextCheck {
 public:
  struct Totals {
    std::uint64_t words = 0, gaps = 0;
    std::uint64_t heard = 0;      ///< Words reported at the time when they were said.
    std::uint64_t repeated = 0;   ///< Words reported for the second time.
    std::uint64_t wrong = 0;      ///< Words reported at a time when they were not said.
    std::uint64_t lost = 0;       ///< Words never reported.
    std::uint64_t backwards = 0;  ///< Buffers before the previous one's end or outside the segment.
    /// Mean and maximum of the seconds from a word's end to its buffer, by the clock.
    double mean_delay = 0, max_delay = 0;
  };

  /// The delays of text are measured with the running time of `element`. If `knows_words` is false,
  /// the text is not compared with the spoken words. `pad` and `element` must outlive this object.
  TextCheck(GstPad* pad, GstElement* element, bool knows_words);
  ~TextCheck();
  TextCheck(const TextCheck&) = delete;
  TextCheck& operator=(const TextCheck&) = delete;

  /// Adds a word that was said at these buffer times of the current segment.
  void said(const std::string& text, GstClockTime start, GstClockTime end);
  /// Ignores errors in the text between these times, including missing words.
  void forgive(GstClockTime start, GstClockTime end);
  /// Handles a flush at buffer time `now`. A word that ended at least `latency` before `now` counts
  /// as lost if its text has not arrived. Other words are removed without an error.
  void flushed(GstClockTime now, GstClockTime latency);

  Totals totals() const;
  /// Returns the running time up to which text or a GAP has arrived.
  GstClockTime covered() const;
  /// Returns descriptions of the first few errors.
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

  mutable std::mutex mutex_;  // Guards all members below.
  GstSegment segment_{};
  std::deque<Word> words_;
  std::deque<Span> forgiven_;
  GstClockTime last_end_ = 0;  // Running time at which the last text ended.
  GstClockTime covered_ = 0;
  double delays_ = 0;
  Totals totals_;
  std::vector<std::string> complaints_;
};

}  // namespace npuwhisper::soak
