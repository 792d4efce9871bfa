// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hls_stream.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

namespace npuwhisper::cli {
namespace {

// mpegtsmux adds one hour to all timestamps, so that earlier timestamps cannot become negative.
constexpr std::uint64_t kMpegTime = 3600ULL * 90'000;
constexpr int kVideoKbits = 2000;
constexpr int kAudioBits = 128'000;

// The first queue of each branch holds three seconds, so that no branch waits for another branch.
constexpr const char* kOutputs =
    " queue name=picture max-size-time=3000000000 max-size-buffers=0 max-size-bytes=0 ! "
    "videoconvert "
    "! x264enc name=encoder tune=zerolatency speed-preset=veryfast ! h264parse ! queue ! hls.video "
    "hlssink2 name=hls tee name=speech "
    "speech. ! queue max-size-time=3000000000 max-size-buffers=0 max-size-bytes=0 ! audioconvert "
    "! audioresample ! voaacenc name=audio ! aacparse ! queue ! hls.audio "
    "speech. ! queue max-size-time=3000000000 max-size-buffers=0 max-size-bytes=0 ! audioconvert "
    "! audioresample ! npuwhisper name=whisper ! fakesink name=text sync=false async=false ";

GstElement* element(GstElement* pipeline, const char* name) {
  GstElement* found = gst_bin_get_by_name(GST_BIN(pipeline), name);
  gst_object_unref(found);  // The pipeline holds a reference.
  return found;
}

// Returns the running time of `pts` in milliseconds, or nullopt if `pts` has no running time.
// Muxers write running times.
std::optional<std::int64_t> running_ms(GstPad* pad, GstClockTime pts) {
  GstEvent* event = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0);
  if (event == nullptr) return std::nullopt;
  const GstSegment* segment = nullptr;
  gst_event_parse_segment(event, &segment);
  const guint64 time = gst_segment_to_running_time(segment, GST_FORMAT_TIME, pts);
  gst_event_unref(event);
  if (!GST_CLOCK_TIME_IS_VALID(time)) return std::nullopt;
  return static_cast<std::int64_t>(GST_TIME_AS_MSECONDS(time));
}

Result<void> write_master(const HlsOptions& options) {
  std::error_code ignored;
  // Removes the playlists of an earlier stream. Their end marks would make a player stop.
  for (const char* old : {"captions.m3u8", "video.m3u8"}) {
    std::filesystem::remove(options.folder / old, ignored);
  }
  const std::filesystem::path path = options.folder / "master.m3u8";
  const std::filesystem::path draft = options.folder / "master.m3u8.new";
  std::ofstream file(draft);
  file << "#EXTM3U\n#EXT-X-VERSION:3\n"
          "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"captions\",NAME=\"Captions\",";
  if (!options.language.empty()) file << "LANGUAGE=\"" << options.language << "\",";
  file << "DEFAULT=YES,AUTOSELECT=YES,FORCED=NO,URI=\"captions.m3u8\"\n#EXT-X-STREAM-INF:BANDWIDTH="
       << kVideoKbits * 1200 + kAudioBits << ",SUBTITLES=\"captions\"\nvideo.m3u8\n";
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(draft, path, error);
  if (!file || error) return fail(ErrorCode::Unavailable, "cannot write " + path.string());
  return {};
}

Failure error_of(GstMessage* message) {
  GError* error = nullptr;
  gchar* debug = nullptr;
  gst_message_parse_error(message, &error, &debug);
  const std::string name = GST_MESSAGE_SRC_NAME(message);
  const std::string text =
      name + ": " + error->message + (debug != nullptr ? std::string(" (") + debug + ")" : "");
  g_clear_error(&error);
  g_free(debug);
  return fail(ErrorCode::Unavailable, text);
}

}  // namespace

HlsStream::HlsStream(GstElement* pipeline, WebVttSegments segments)
    : pipeline_(pipeline), segments_(std::move(segments)) {
  GstPad* pad = gst_element_get_static_pad(element(pipeline_, "text"), "sink");
  gst_pad_add_probe(
      pad,
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
      heard, this, nullptr);
  gst_object_unref(pad);
}

HlsStream::~HlsStream() {
  gst_element_set_state(pipeline_, GST_STATE_NULL);
  gst_object_unref(pipeline_);
}

Result<std::unique_ptr<HlsStream>> HlsStream::create(const HlsOptions& options) {
  std::error_code failed;
  std::filesystem::create_directories(options.folder, failed);
  if (failed) {
    return fail(ErrorCode::Unavailable,
                "cannot create the folder " + options.folder.string() + ": " + failed.message());
  }
  GError* error = nullptr;
  GstElement* pipeline = gst_parse_launch_full((options.source + kOutputs).c_str(), nullptr,
                                               GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (pipeline == nullptr) {
    const std::string text = error->message;
    g_clear_error(&error);
    return fail(ErrorCode::InvalidArgument, text);
  }
  gst_object_ref_sink(pipeline);
  const auto n_listed = static_cast<guint>(options.n_listed);
  g_object_set(element(pipeline, "hls"), "location", (options.folder / "video%05d.ts").c_str(),
               "playlist-location", (options.folder / "video.m3u8").c_str(), "target-duration",
               static_cast<guint>(options.length.count()), "playlist-length", n_listed, "max-files",
               2 * n_listed, nullptr);
  g_object_set(element(pipeline, "encoder"), "bitrate", kVideoKbits, nullptr);
  g_object_set(element(pipeline, "audio"), "bitrate", kAudioBits, nullptr);
  g_object_set(element(pipeline, "whisper"), "latency", static_cast<guint>(options.latency.count()),
               "model", options.model.c_str(), "language-code", options.language.c_str(), nullptr);
  std::unique_ptr<HlsStream> stream(
      new HlsStream(pipeline, WebVttSegments({.folder = options.folder,
                                              .length = options.length,
                                              .n_listed = options.n_listed,
                                              .mpeg_time = kMpegTime})));
  if (auto written = write_master(options); !written) return fail(written.error());
  return stream;
}

Result<void> HlsStream::run(const std::function<bool()>& stop) {
  GstBus* bus = gst_element_get_bus(pipeline_);
  gst_element_set_state(pipeline_, GST_STATE_PLAYING);
  Result<void> result;
  for (bool stopping = false;;) {
    if (!stopping && stop()) stopping = gst_element_send_event(pipeline_, gst_event_new_eos()) != 0;
    GstMessage* message = gst_bus_timed_pop_filtered(
        bus, 100 * GST_MSECOND, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
    if (message == nullptr) continue;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) result = error_of(message);
    gst_message_unref(message);
    break;
  }
  gst_element_set_state(pipeline_, GST_STATE_NULL);
  gst_object_unref(bus);
  return result;
}

GstPadProbeReturn HlsStream::heard(GstPad* pad, GstPadProbeInfo* info, gpointer self) {
  auto* stream = static_cast<HlsStream*>(self);
  const bool is_text = (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) != 0;
  const auto done = is_text ? stream->text(pad, GST_PAD_PROBE_INFO_BUFFER(info))
                            : stream->event(pad, GST_PAD_PROBE_INFO_EVENT(info));
  if (!done) {
    GST_ELEMENT_ERROR(GST_PAD_PARENT(pad), RESOURCE, WRITE, ("%s", done.error().message.c_str()),
                      (nullptr));
  }
  return GST_PAD_PROBE_OK;
}

Result<void> HlsStream::text(GstPad* pad, GstBuffer* buffer) {
  const GstClockTime pts = GST_BUFFER_PTS(buffer);
  const auto start = running_ms(pad, pts);
  const auto end = running_ms(pad, pts + GST_BUFFER_DURATION(buffer));
  GstMapInfo map;
  if (!start || !end || !gst_buffer_map(buffer, &map, GST_MAP_READ)) return {};
  segments_.cue(*start, *end, {reinterpret_cast<const char*>(map.data), map.size});
  gst_buffer_unmap(buffer, &map);
  return reached(pad, pts, GST_BUFFER_DURATION(buffer));
}

Result<void> HlsStream::event(GstPad* pad, GstEvent* event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) return segments_.finish(end_ms_);
  if (GST_EVENT_TYPE(event) != GST_EVENT_GAP) return {};
  GstClockTime pts = 0;
  GstClockTime duration = 0;
  gst_event_parse_gap(event, &pts, &duration);
  return reached(pad, pts, duration);
}

Result<void> HlsStream::reached(GstPad* pad, GstClockTime pts, GstClockTime duration) {
  const auto end = running_ms(pad, GST_CLOCK_TIME_IS_VALID(duration) ? pts + duration : pts);
  if (!end) return {};
  end_ms_ = std::max(end_ms_, *end);
  return segments_.advance(end_ms_);
}

}  // namespace npuwhisper::cli
