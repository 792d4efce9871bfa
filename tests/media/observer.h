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

/// Writes down what passes a pad since the last flush. Thread-safe; must outlive the pad's data
/// flow.
class Observer {
 public:
  Observer() = default;
  virtual ~Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  void watch(GstPad* pad);
  /// Is called after each buffer, with the number of buffers since the last flush.
  void on_buffer(std::function<void(std::uint64_t)> callback) { callback_ = std::move(callback); }
  virtual nlohmann::json report() const = 0;
  /// The stream time at which the last segment begins: after a seek, where it went.
  std::int64_t from() const;

 protected:
  /// All with the mutex held.
  virtual void caps(const GstCaps*) {}
  virtual void buffer(GstBuffer* buffer) = 0;
  virtual void forget() = 0;
  /// Nanoseconds in the stream's time, or -1 where there is none.
  std::int64_t stream_time(GstClockTime pts) const;

  mutable std::mutex mutex_;  // Guards all data.
  std::uint64_t n_buffers_ = 0;
  GstSegment segment_{};

 private:
  static GstPadProbeReturn on_data(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  void event(GstEvent* event);

  std::function<void(std::uint64_t)> callback_;
};

/// Raw audio: one checksum over all samples, how many bytes, and when the first is heard.
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
  std::vector<std::string> formats_;  // One for each CAPS event that changed something.
};

/// Raw video: of each frame its time, a checksum of its upper and of its lower half, and whether it
/// carries closed captions that are more than padding.
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

/// Text: when each piece begins and ends.
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
