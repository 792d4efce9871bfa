// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <memory>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper {

/// How text gets onto video.
enum class CaptionMode {
  None,     ///< Not at all.
  Overlay,  ///< Drawn into the picture.
  Cea608,   ///< As metas on the frames: CEA-608, raw; s334-1a where video is interlaced.
  Cea708,   ///< Likewise CEA-708 (cc_data with the 608 captions in it), which H.264 encoders embed.
};

/// The part of npuwhisperbin that joins text and video: elements in the bin, with one way in for
/// video, one out, and one for text that can be linked and unlinked, for where no text is to come
/// they must not wait for it. For state changes and pad links of the bin, if not said otherwise.
class Captioner {
 public:
  /// Not for CaptionMode::None. Elements that are missing are named by missing().
  static std::unique_ptr<Captioner> create(GstBin* bin, CaptionMode mode);
  virtual ~Captioner() = default;

  virtual const std::vector<std::string>& missing() const = 0;
  /// Owned by the elements; nullptr where something is missing.
  virtual GstPad* video_sink() const = 0;
  virtual GstPad* video_src() const = 0;

  /// Takes the text of `src` from now on. False: the pads cannot be linked.
  virtual bool link_text(GstPad* src) = 0;
  /// Nothing flows any more: READY or below.
  virtual void unlink_text() = 0;

  /// READY to PAUSED: nothing is known of the video yet.
  virtual void start() {}
  /// The caps of the video, on its thread, before its first frame. Errors: Unsupported.
  virtual Result<void> video_caps(const GstCaps* caps) = 0;
  /// How much later than its text a caption is there. Thread-safe.
  virtual GstClockTime latency() const = 0;
};

}  // namespace npuwhisper
