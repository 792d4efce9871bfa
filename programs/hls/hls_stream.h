// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include <npuwhisper/result.h>

#include "webvtt_segments.h"

namespace npuwhisper::cli {

struct HlsOptions {
  std::filesystem::path folder;  ///< Output folder; created if it does not exist.
  /// A gst-launch line that links raw video to the element `picture.` and raw audio to `speech.`.
  std::string source;
  std::chrono::seconds length{2};  ///< Length of a segment.
  std::size_t n_listed = 5;        ///< Number of segments in the playlists; 0: all.
  std::chrono::milliseconds latency{2000};
  std::string language;       ///< Code of the spoken language; empty: detected.
  std::string model{"base"};  ///< Value of the element's property `model`.
};

/// Writes an HTTP Live Streaming stream into a folder, which any web server can serve. The folder
/// holds H.264 and AAC in transport streams (hlssink2), captions of the speech as subtitles
/// (WebVttSegments), and `master.m3u8`, which players open. Video does not wait for the text.
/// Players stay three segments behind the live edge, and load the subtitles of a segment only when
/// they play that segment.
///
/// Call gst_init() first. Use an object from one thread only. GStreamer's threads write the files.
class HlsStream {
 public:
  /// Errors: InvalidArgument (the source is not a gst-launch line, or an element is missing),
  /// Unavailable (the folder cannot be written to).
  static Result<std::unique_ptr<HlsStream>> create(const HlsOptions& options);
  ~HlsStream();
  HlsStream(const HlsStream&) = delete;
  HlsStream& operator=(const HlsStream&) = delete;

  /// Plays until the source ends or `stop` returns true, and then finishes all files. `stop` is
  /// called at least ten times a second. Errors: Unavailable, with the text of the first error that
  /// the pipeline posts. After an error, the files are not finished.
  Result<void> run(const std::function<bool()>& stop);

 private:
  HlsStream(GstElement* pipeline, WebVttSegments segments);
  static GstPadProbeReturn heard(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  Result<void> text(GstPad* pad, GstBuffer* buffer);
  Result<void> event(GstPad* pad, GstEvent* event);
  Result<void> reached(GstPad* pad, GstClockTime pts, GstClockTime duration);

  GstElement* pipeline_;
  // While the pipeline plays, only npuwhisper's streaming thread accesses the members below.
  WebVttSegments segments_;
  std::int64_t end_ms_ = 0;
};

}  // namespace npuwhisper::cli
