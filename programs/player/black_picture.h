// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <memory>
#include <mutex>

#include <npuwhisper/result.h>

#include "programs/common/gst_owned.h"

namespace npuwhisper::player {

using cli::Owned;

/// A black video of 25 frames a second to show the captions of audio without video. The video ends
/// where the audio ends, in running time.
///
/// The object must outlive the data flow of the audio and of the video.
class BlackPicture {
 public:
  /// Creates a video of this size in pixels. Errors: InvalidArgument (an element is not installed).
  static Result<std::unique_ptr<BlackPicture>> create(int width = 1280, int height = 720);
  BlackPicture(const BlackPicture&) = delete;
  BlackPicture& operator=(const BlackPicture&) = delete;

  /// Returns a bin with the source pad "src".
  GstElement* element() const { return element_.get(); }
  /// Makes the video end with the audio that passes `pad`.
  void end_with(GstPad* pad);

 private:
  BlackPicture() = default;
  static GstPadProbeReturn on_sound(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn on_picture(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  void note_sound_until(GstClockTime start, GstClockTime duration);

  Owned<GstElement> element_;
  // Guards all members below. No other mutex of the program is locked while this one is held.
  std::mutex mutex_;
  GstSegment sound_segment_{};
  GstSegment picture_segment_{};
  GstClockTime sound_end_ = 0;  // Running time at which the received audio ends.
  bool sound_ended_ = false;
};

}  // namespace npuwhisper::player
