// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "timeouts.h"

namespace npuwhisper::test {

/// The content of one NpuWhisperMeta.
struct MetaRecord {
  guint64 id = 0;
  GstClockTime start = 0;
  GstClockTime end = 0;
  std::string text{};
  std::string language{};
};

/// One buffer of audio.
struct SoundRecord {
  GstClockTime start = 0;
  GstClockTime end = GST_CLOCK_TIME_NONE;  ///< End time; NONE if the buffer has no duration.
  bool discont = false;
  const void* samples = nullptr;  ///< Address of the samples while the buffer was mapped.
  std::vector<MetaRecord> metas{};
};

/// Records the audio that passes a pad, with its metas. Thread-safe.
class MetaRecorder {
 public:
  explicit MetaRecorder(GstPad* pad);
  ~MetaRecorder();
  MetaRecorder(const MetaRecorder&) = delete;
  MetaRecorder& operator=(const MetaRecorder&) = delete;

  std::vector<SoundRecord> sounds() const;
  /// Returns all metas, in the order of the buffers.
  std::vector<MetaRecord> metas() const;
  /// Returns the texts of all metas.
  std::vector<std::string> texts() const;
  bool wait_for_sounds(std::size_t n, std::chrono::milliseconds timeout = kTimeout) const;

 private:
  // The probe shares the log, because it may still run in another thread when the recorder is
  // destroyed.
  struct Log {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<SoundRecord> sounds;
  };
  static GstPadProbeReturn on_buffer(GstPad* pad, GstPadProbeInfo* info, gpointer log);

  GstPad* pad_;
  gulong probe_ = 0;
  std::shared_ptr<Log> log_ = std::make_shared<Log>();
};

}  // namespace npuwhisper::test
