// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <memory>
#include <string>

#include <npuwhisper/result.h>

#include "black_picture.h"
#include "programs/common/gst_owned.h"

namespace npuwhisper::player {

/// A pipeline of uridecodebin, npuwhisperbin and sinks. Plays the first video and the first audio
/// of the URI. If there is only audio, its captions are shown on a black picture. Pads are linked
/// on uridecodebin's threads. Call the member functions on the main loop's thread.
class PlayerPipeline {
 public:
  /// Descriptions for gst_parse_bin_from_description().
  struct Sinks {
    std::string video = "autovideosink";
    std::string audio = "autoaudiosink";
  };

  /// Creates a pipeline for `uri`. Errors: NotFound (an element is not installed), InvalidArgument
  /// (a sink's description).
  static Result<std::unique_ptr<PlayerPipeline>> create(const std::string& uri, const Sinks& sinks);
  ~PlayerPipeline();
  PlayerPipeline(const PlayerPipeline&) = delete;
  PlayerPipeline& operator=(const PlayerPipeline&) = delete;

  GstElement* element() const { return pipeline_.get(); }
  /// Returns the npuwhisperbin.
  GstElement* captions() const { return captions_; }

  bool paused() const { return paused_; }
  void set_paused(bool paused);
  /// Sets whether a network buffer is filling. While the buffer is filling, playback is paused,
  /// unless the source is live.
  void set_buffering(bool buffering);
  /// Seeks relative to the current position. Returns the new position in nanoseconds, or
  /// GST_CLOCK_TIME_NONE if the stream cannot seek.
  GstClockTime seek_by(gint64 nanoseconds);
  /// Shows the captions if they are hidden, otherwise hides them. Returns whether they are shown
  /// afterwards; false if npuwhisperbin has no overlay. Speech recognition continues.
  bool toggle_captions();

 private:
  PlayerPipeline() = default;
  void apply_state();
  bool link(GstPad* pad, const char* media);
  void link_black_picture();
  static void on_pad(GstElement* source, GstPad* pad, gpointer self);
  static void on_no_more_pads(GstElement* source, gpointer self);

  // Declared before pipeline_, so that picture_ outlives the data flow.
  std::unique_ptr<BlackPicture> picture_;
  Owned<GstElement> pipeline_;
  GstElement* captions_ = nullptr;  // Owned by the pipeline.
  Owned<GstElement> video_sink_;    // Added to the pipeline when a stream is linked.
  Owned<GstElement> audio_sink_;
  gint64 last_target_ = 0;
  bool is_live_ = false;
  bool paused_ = false;
  bool buffering_ = false;
};

}  // namespace npuwhisper::player
