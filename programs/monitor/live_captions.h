// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <npuwhisper/result.h>

#include "caption_event.h"
#include "programs/common/gst_owned.h"
#include "programs/common/pipeline_error.h"

namespace npuwhisper::monitor {

/// The audio source and the element's properties.
struct Listening {
  std::string uri;          ///< URI that is played in real time; empty: uses `description`.
  std::string description;  ///< A source of raw audio, in gst-launch-1.0 syntax.
  /// Properties of the element npuwhisper: names and values in gst-launch-1.0 syntax.
  std::vector<std::pair<std::string, std::string>> properties;
};

/// State and counters of the element since it started.
struct Readings {
  std::string device, kernels;
  double position = 0;       ///< Seconds of audio received.
  double skipped = 0;        ///< Seconds of audio not transcribed for lack of time.
  std::uint64_t unread = 0;  ///< Pieces of text dropped because the program was too slow.
};

/// A pipeline that captions live audio with the element npuwhisper. The pipeline waits for the
/// model before it captures audio. The callbacks run in the default main context's thread. The
/// pipeline never waits for that thread. If kMaxWaiting pieces are queued, the pipeline drops the
/// oldest piece. Use a LiveCaptions object only from the main context's thread.
class LiveCaptions {
 public:
  static constexpr std::size_t kMaxWaiting = 256;

  struct Events {
    /// Receives the JSON of unsynced_src (docs/element.md) and a mapping of the times in the JSON.
    /// The mapping is valid only during the call.
    std::function<void(const std::string& json, const TimeMeaning&)> text;
    std::function<void()> listening;  ///< Called when the model is loaded, before the audio starts.
    std::function<void()> ended;      ///< Called last, after all text has been delivered.
    std::function<void(const std::string&)> warning;
    std::function<void(const Error&)> failed;  ///< Called last, if the pipeline fails.
  };

  /// Errors: InvalidArgument (GStreamer rejects a description or property), NotFound or Unavailable
  /// (the element is missing; see find_plugin()).
  static Result<std::unique_ptr<LiveCaptions>> create(const Listening& listening, Events events);
  ~LiveCaptions();
  LiveCaptions(const LiveCaptions&) = delete;
  LiveCaptions& operator=(const LiveCaptions&) = delete;

  /// Loads the model and then captures audio. Events::failed reports a failure.
  void start();
  Readings readings() const;

 private:
  struct Piece {
    std::string json;
    GstSegment segment;
    GstClockTime left;  ///< Running time at which the piece left the element.
  };

  explicit LiveCaptions(Events events) : events_(std::move(events)) {}

  Result<void> build(const Listening& listening);
  void take(GstSample* sample);
  void deliver();
  /// Returns functions that convert the times in the JSON of `piece`. They refer to `piece`, which
  /// must outlive them.
  static TimeMeaning meaning_of(const Piece& piece);
  void handle(GstMessage* message);

  const Events events_;
  cli::Owned<GstElement> pipeline_;
  cli::Owned<GstElement> whisper_;
  cli::PipelineError error_;
  guint watch_ = 0;
  bool over_ = false;

  // Guards the members below. No other mutex of the program is locked while this one is held.
  mutable std::mutex mutex_;
  std::deque<Piece> waiting_;
  guint delivery_ = 0;
  std::uint64_t unread_ = 0;
};

}  // namespace npuwhisper::monitor
