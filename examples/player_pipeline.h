// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <memory>
#include <string>

#include <npuwhisper/result.h>

#include "black_picture.h"
#include "gst_owned.h"

namespace npuwhisper::player {

/// uridecodebin - npuwhisperbin - sinks. The first video and the first audio of the URI are played;
/// where there is only audio, its captions are on a black picture. Pads are linked on
/// uridecodebin's threads; functions are for the main loop's.
class PlayerPipeline {
 public:
  /// What gst_parse_bin_from_description() takes.
  struct Sinks {
    std::string video = "autovideosink";
    std::string audio = "autoaudiosink";
  };

  /// Errors: NotFound (an element is not installed), InvalidArgument (a sink's description).
  static Result<std::unique_ptr<PlayerPipeline>> create(const std::string& uri, const Sinks& sinks);
  ~PlayerPipeline();
  PlayerPipeline(const PlayerPipeline&) = delete;
  PlayerPipeline& operator=(const PlayerPipeline&) = delete;

  GstElement* element() const { return pipeline_.get(); }
  /// The npuwhisperbin.
  GstElement* captions() const { return captions_; }

  bool paused() const { return paused_; }
  void set_paused(bool paused);
  /// While a network's buffer fills, nothing plays.
  void set_buffering(bool buffering);
  /// Returns where to, or NONE: the stream cannot seek.
  GstClockTime seek_by(gint64 nanoseconds);
  /// Shows or hides them; they are heard all the same.
  bool toggle_captions();

 private:
  PlayerPipeline() = default;
  void apply_state();
  bool link(GstPad* pad, const char* media);
  void link_black_picture();
  static void on_pad(GstElement* source, GstPad* pad, gpointer self);
  static void on_no_more_pads(GstElement* source, gpointer self);

  std::unique_ptr<BlackPicture> picture_;  // Outlives the pipeline's data flow.
  Owned<GstElement> pipeline_;
  GstElement* captions_ = nullptr;  // Owned by the pipeline,
  Owned<GstElement> video_sink_;    // as are these, once there is something to play.
  Owned<GstElement> audio_sink_;
  gint64 last_target_ = 0;
  bool is_live_ = false;
  bool paused_ = false;
  bool buffering_ = false;
};

}  // namespace npuwhisper::player
