// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <memory>
#include <mutex>

#include <npuwhisper/result.h>

#include "gst_owned.h"

namespace npuwhisper::player {

using cli::Owned;

/// A black video of 25 frames a second, for the captions of sound that has no picture. It ends
/// where the sound ends, in running time.
///
/// Must outlive the data flow of the sound and of the picture.
class BlackPicture {
 public:
  /// Errors: InvalidArgument (an element is not installed).
  static Result<std::unique_ptr<BlackPicture>> create(int width = 1280, int height = 720);
  BlackPicture(const BlackPicture&) = delete;
  BlackPicture& operator=(const BlackPicture&) = delete;

  /// A bin with the source pad "src".
  GstElement* element() const { return element_.get(); }
  /// From now on the end of the sound on `pad` is the end of the picture.
  void end_with(GstPad* pad);

 private:
  BlackPicture() = default;
  static GstPadProbeReturn on_sound(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn on_picture(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  void note_sound_until(GstClockTime start, GstClockTime duration);

  Owned<GstElement> element_;
  std::mutex mutex_;  // A leaf. Guards the rest.
  GstSegment sound_segment_{};
  GstSegment picture_segment_{};
  GstClockTime sound_end_ = 0;  // In running time: of the sound so far.
  bool sound_ended_ = false;
};

}  // namespace npuwhisper::player
