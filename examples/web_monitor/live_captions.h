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
#include "gst_owned.h"
#include "pipeline_error.h"

namespace npuwhisper::monitor {

/// What is heard, and how.
struct Listening {
  std::string uri;          ///< Played in real time; empty: `description`.
  std::string description;  ///< A source as gst-launch-1.0 takes it, which gives raw audio.
  /// Of the element npuwhisper, by name, as gst-launch-1.0 takes them.
  std::vector<std::pair<std::string, std::string>> properties;
};

/// What the element says of itself, since it ran.
struct Readings {
  std::string device, kernels;
  double position = 0;       ///< Seconds of audio that came in.
  double skipped = 0;        ///< Those that nobody had time for.
  std::uint64_t unread = 0;  ///< Pieces of text that were dropped because the program was too slow.
};

/// A pipeline that captions live audio with the element npuwhisper. It waits for the model before
/// it listens. The callbacks come in the default main context's thread; the pipeline never waits
/// for that thread, which keeps at most kMaxWaiting pieces. For that thread alone.
class LiveCaptions {
 public:
  static constexpr std::size_t kMaxWaiting = 256;

  struct Events {
    /// JSON of unsynced_src (docs/captions.md), and what its times mean, for the call only.
    std::function<void(const std::string& json, const TimeMeaning&)> text;
    std::function<void()> listening;  ///< The model is loaded.
    std::function<void()> ended;      ///< All has been heard and all text given.
    std::function<void(const std::string&)> warning;
    std::function<void(const Error&)> failed;  ///< Nothing more will come.
  };

  /// Errors: InvalidArgument for a description or property that GStreamer does not take,
  /// NotFound or Unavailable without the element (plugin_lookup.h).
  static Result<std::unique_ptr<LiveCaptions>> create(const Listening& listening, Events events);
  ~LiveCaptions();
  LiveCaptions(const LiveCaptions&) = delete;
  LiveCaptions& operator=(const LiveCaptions&) = delete;

  /// Loads the model and then listens. A failure is told by Events::failed.
  void start();
  Readings readings() const;

 private:
  struct Piece {
    std::string json;
    GstSegment segment;
    GstClockTime left;  ///< Running time at which it left the element.
  };

  explicit LiveCaptions(Events events) : events_(std::move(events)) {}

  Result<void> build(const Listening& listening);
  void take(GstSample* sample);
  void deliver();
  /// For as long as `piece` lives.
  static TimeMeaning meaning_of(const Piece& piece);
  void handle(GstMessage* message);

  const Events events_;
  cli::Owned<GstElement> pipeline_;
  cli::Owned<GstElement> whisper_;
  cli::PipelineError error_;
  guint watch_ = 0;
  bool over_ = false;

  mutable std::mutex mutex_;  // A leaf. Guards the next three.
  std::deque<Piece> waiting_;
  guint delivery_ = 0;
  std::uint64_t unread_ = 0;
};

}  // namespace npuwhisper::monitor
