// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <memory>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper {

/// The form in which text is added to video.
enum class CaptionMode {
  None,     ///< No captions.
  Overlay,  ///< Text drawn into the picture.
  Cea608,   ///< CEA-608 metas on the frames: in format s334-1a for interlaced video, else raw.
  Cea708,   ///< CEA-708 metas (cc_data that contains 608 captions), which H.264 encoders embed.
};

/// The part of npuwhisperbin that joins text and video: elements in the bin with a video input, a
/// video output and a text input. The text input can be linked and unlinked, because the elements
/// must not wait for text that never arrives. Functions must be called from state changes and pad
/// links of the bin unless stated otherwise.
class Captioner {
 public:
  /// Creates the captioner for `mode`, which must not be None. If elements are not installed,
  /// missing() lists them.
  static std::unique_ptr<Captioner> create(GstBin* bin, CaptionMode mode);
  virtual ~Captioner() = default;

  /// Returns the names of the elements that are not installed.
  virtual const std::vector<std::string>& missing() const = 0;
  /// Returns the video input, which its element owns; nullptr if an element is missing.
  virtual GstPad* video_sink() const = 0;
  /// Returns the video output, which its element owns; nullptr if an element is missing.
  virtual GstPad* video_src() const = 0;

  /// Links `src` to the text input, unless it is linked. Returns false if the pads cannot be
  /// linked.
  virtual bool link_text(GstPad* src) = 0;
  /// Unlinks the text input, if it is linked. Must be called when no data flows: in READY or below.
  virtual void unlink_text() = 0;

  /// Prepares for a new stream. Must be called for READY to PAUSED, when the video's caps are still
  /// unknown.
  virtual void start() {}
  /// Sets the video's caps. Called by the video's thread before the first frame with these caps.
  /// Errors: Unsupported (closed captions do not support the framerate).
  virtual Result<void> video_caps(const GstCaps* caps) = 0;
  /// Returns the delay between a text and its caption. Thread-safe.
  virtual GstClockTime latency() const = 0;
};

}  // namespace npuwhisper
