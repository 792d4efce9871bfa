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
  std::filesystem::path folder;  ///< Is made if it is not there.
  /// A gst-launch line that ends in the elements `picture.` (raw video) and `speech.` (raw audio).
  std::string source;
  std::chrono::seconds length{2};  ///< Of a segment.
  std::size_t n_listed = 5;        ///< Segments in the playlists; 0: all.
  std::chrono::milliseconds latency{2000};
  std::string language;       ///< Code of what is spoken; empty: is detected.
  std::string model{"base"};  ///< As the element's property.
};

/// A stream of HTTP Live Streaming in a folder, for any web server: H.264 and AAC in transport
/// streams (hlssink2), what is said in them as subtitles (WebVttSegments), and `master.m3u8`, which
/// players open. Video does not wait for the text: players are three segments behind the live edge,
/// and load the subtitles of a segment when its time comes.
///
/// gst_init() comes first. Thread-bound; GStreamer's threads write the files.
class HlsStream {
 public:
  /// Errors: InvalidArgument (the source is no gst-launch line, or an element is missing),
  /// Unavailable (the folder cannot be written to).
  static Result<std::unique_ptr<HlsStream>> create(const HlsOptions& options);
  ~HlsStream();
  HlsStream(const HlsStream&) = delete;
  HlsStream& operator=(const HlsStream&) = delete;

  /// Plays to the end of the source, or until `stop`, which is asked ten times a second, says so:
  /// then everything is finished in good order. Errors: those that the pipeline posts.
  Result<void> run(const std::function<bool()>& stop);

 private:
  HlsStream(GstElement* pipeline, WebVttSegments segments);
  static GstPadProbeReturn heard(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  Result<void> text(GstPad* pad, GstBuffer* buffer);
  Result<void> event(GstPad* pad, GstEvent* event);
  Result<void> reached(GstPad* pad, GstClockTime pts, GstClockTime duration);

  GstElement* pipeline_;
  // Of the element's thread, while playing.
  WebVttSegments segments_;
  std::int64_t end_ms_ = 0;
};

}  // namespace npuwhisper::cli
