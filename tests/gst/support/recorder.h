// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "timeouts.h"

namespace npuwhisper::test {

/// A buffer, GAP or other event that left a pad.
struct Record {
  enum class Kind { Buffer, Gap, Event };
  Kind kind = Kind::Event;
  GstEventType type = GST_EVENT_UNKNOWN;
  /// The text of a buffer, the tag list of a TAG, the caps of a CAPS, or the type of another event.
  std::string text{};
  GstClockTime start = GST_CLOCK_TIME_NONE;
  GstClockTime end = GST_CLOCK_TIME_NONE;
  bool discont = false;
  guint32 seqnum = 0;
};

/// Records everything that leaves a source pad, in order. Thread-safe.
class Recorder {
 public:
  explicit Recorder(GstPad* pad);
  /// Records the element's pad `src`.
  explicit Recorder(GstElement* element);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  std::vector<Record> all() const;
  std::vector<Record> buffers() const;
  std::vector<std::string> texts() const;
  std::vector<Record> events(GstEventType type) const;
  void clear();

  /// Waits until `wanted` holds for the list of records. Returns false after `timeout`.
  bool wait(const std::function<bool(const std::vector<Record>&)>& wanted,
            std::chrono::milliseconds timeout = kTimeout) const;
  bool wait_for_event(GstEventType type) const;
  bool wait_for_buffers(std::size_t n) const;

  /// Returns the first fault, or an empty string. Buffers and gaps must have times and durations.
  /// Within a segment, their times must never overlap or go back. Stream-start, caps and segment
  /// must precede the first buffer or gap. After a flush, a new segment must precede them.
  std::string complaint() const;

 private:
  // The probe shares the log, because it may still run in another thread when the recorder is
  // destroyed.
  struct Log {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<Record> records;

    void add(Record record);
  };
  static GstPadProbeReturn on_data(GstPad* pad, GstPadProbeInfo* info, gpointer log);

  GstPad* pad_;
  gulong probe_ = 0;
  std::shared_ptr<Log> log_ = std::make_shared<Log>();
};

}  // namespace npuwhisper::test
