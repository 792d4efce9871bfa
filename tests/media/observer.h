// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>
#include <gst/video/video.h>

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace npuwhisper::media {

/// Records the data that has passed a pad since its last flush. Thread-safe. Must outlive the pad's
/// data flow.
class Observer {
 public:
  Observer() = default;
  virtual ~Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  void watch(GstPad* pad);
  /// Sets a callback that runs after each buffer. Its argument is the number of buffers since the
  /// last flush.
  void on_buffer(std::function<void(std::uint64_t)> callback) { callback_ = std::move(callback); }
  virtual nlohmann::json report() const = 0;
  /// Returns the stream time at which the last segment begins, or -1 if there was no segment. After
  /// a seek, this time is the target of the seek.
  std::int64_t from() const;

 protected:
  // The caller of caps(), buffer(), forget() or stream_time() holds the mutex.

  virtual void caps(const GstCaps*) {}
  virtual void buffer(GstBuffer* buffer) = 0;
  virtual void forget() = 0;
  /// Returns the stream time of `pts` in nanoseconds. Returns -1 if `pts` is NONE or if there was
  /// no segment.
  std::int64_t stream_time(GstClockTime pts) const;

  mutable std::mutex mutex_;  // Guards all data except callback_.
  std::uint64_t n_buffers_ = 0;
  GstSegment segment_{};

 private:
  static GstPadProbeReturn on_data(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  void event(GstEvent* event);

  std::function<void(std::uint64_t)> callback_;
};

/// Records raw audio: a checksum over all samples, the number of bytes, and the first sample's
/// time.
class AudioObserver final : public Observer {
 public:
  AudioObserver();
  ~AudioObserver() override;
  nlohmann::json report() const override;

 private:
  void caps(const GstCaps* caps) override;
  void buffer(GstBuffer* buffer) override;
  void forget() override;

  GChecksum* sum_;
  std::uint64_t n_bytes_ = 0;
  std::int64_t first_ = -1;
  // One entry for each CAPS event that changed the caps. A flush does not remove entries.
  std::vector<std::string> formats_;
};

/// Records raw video. For each frame, records its time, one checksum of its upper and one of its
/// lower half, and whether it carries closed captions other than padding.
class VideoObserver final : public Observer {
 public:
  nlohmann::json report() const override;

 private:
  struct Frame {
    std::int64_t time;
    std::string upper, lower;
    bool has_captions;
  };
  void caps(const GstCaps* caps) override;
  void buffer(GstBuffer* buffer) override;
  void forget() override { frames_.clear(); }

  GstVideoInfo info_{};
  std::vector<Frame> frames_;
};

/// Records text: each piece with its begin and end.
class TextObserver final : public Observer {
 public:
  nlohmann::json report() const override;

 private:
  struct Cue {
    std::int64_t begin, end;
    std::string text;
  };
  void buffer(GstBuffer* buffer) override;
  void forget() override { cues_.clear(); }

  std::vector<Cue> cues_;
};

}  // namespace npuwhisper::media
