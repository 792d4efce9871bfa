// SPDX-License-Identifier: LGPL-2.1-or-later
#include "player_pipeline.h"

#include <algorithm>
#include <utility>

#include "programs/common/media_type.h"

namespace npuwhisper::player {
namespace {

Result<Owned<GstElement>> make(const char* factory) {
  GstElement* element = gst_element_factory_make(factory, nullptr);
  if (element == nullptr) {
    return fail(ErrorCode::NotFound, std::string("GStreamer has no element '") + factory + "'");
  }
  return Owned<GstElement>(GST_ELEMENT(gst_object_ref_sink(element)));
}

Result<Owned<GstElement>> make_bin(const std::string& description) {
  GError* error = nullptr;
  GstElement* bin = gst_parse_bin_from_description_full(description.c_str(), TRUE, nullptr,
                                                        GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (bin == nullptr) {
    const std::string message = description + ": " + error->message;
    g_error_free(error);
    return fail(ErrorCode::InvalidArgument, message);
  }
  return Owned<GstElement>(GST_ELEMENT(gst_object_ref_sink(bin)));
}

bool is_linked(GstElement* element, const char* pad_name) {
  const Owned<GstPad> pad(gst_element_get_static_pad(element, pad_name));
  return gst_pad_is_linked(pad.get()) != FALSE;
}

}  // namespace

Result<std::unique_ptr<PlayerPipeline>> PlayerPipeline::create(const std::string& uri,
                                                               const Sinks& sinks) {
  std::unique_ptr<PlayerPipeline> self(new PlayerPipeline);
  self->pipeline_.reset(GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new("player"))));
  auto source = make("uridecodebin");
  if (!source) return fail(source.error());
  auto captions = make("npuwhisperbin");
  if (!captions) return fail(captions.error());
  auto video = make_bin("videoconvert ! videoscale ! " + sinks.video);
  if (!video) return fail(video.error());
  auto audio = make_bin("audioconvert ! audioresample ! " + sinks.audio);
  if (!audio) return fail(audio.error());

  self->captions_ = captions->get();
  self->video_sink_ = std::move(*video);
  self->audio_sink_ = std::move(*audio);
  gst_bin_add_many(GST_BIN(self->element()), source->get(), captions->get(), nullptr);
  // A local file needs no buffering. With sinks that do not wait for the clock, a pause for
  // buffering can block the pipeline forever. The audio is then ahead of the video, the video
  // queues are full, and the audio sink waits for another buffer.
  const gboolean buffering = !gst_uri_has_protocol(uri.c_str(), "file");
  g_object_set(source->get(), "uri", uri.c_str(), "use-buffering", buffering, nullptr);
  g_signal_connect(source->get(), "pad-added", G_CALLBACK(on_pad), self.get());
  g_signal_connect(source->get(), "no-more-pads", G_CALLBACK(on_no_more_pads), self.get());
  return self;
}

PlayerPipeline::~PlayerPipeline() {
  if (pipeline_) gst_element_set_state(element(), GST_STATE_NULL);
}

// Links one stream to npuwhisperbin, and npuwhisperbin to the sink for `media`. Returns false if
// npuwhisperbin already has a stream of this kind, or if linking fails.
bool PlayerPipeline::link(GstPad* pad, const char* media) {
  const std::string name(media);
  const Owned<GstPad> sink(gst_element_get_static_pad(captions_, (name + "_sink").c_str()));
  if (gst_pad_is_linked(sink.get())) return false;
  GstElement* output = name == "video" ? video_sink_.get() : audio_sink_.get();
  gst_bin_add(GST_BIN(element()), output);
  gst_element_link_pads(captions_, (name + "_src").c_str(), output, "sink");
  gst_element_sync_state_with_parent(output);
  return gst_pad_link(pad, sink.get()) == GST_PAD_LINK_OK;
}

void PlayerPipeline::on_pad(GstElement*, GstPad* pad, gpointer self) {
  const std::string media = cli::media_type_of(pad);
  for (const char* kind : {"video", "audio"}) {
    if (media == std::string(kind) + "/x-raw") static_cast<PlayerPipeline*>(self)->link(pad, kind);
  }
}

void PlayerPipeline::on_no_more_pads(GstElement*, gpointer self) {
  auto& player = *static_cast<PlayerPipeline*>(self);
  const bool has_audio = is_linked(player.captions_, "audio_sink");
  if (has_audio && !is_linked(player.captions_, "video_sink")) player.link_black_picture();
}

void PlayerPipeline::link_black_picture() {
  auto picture = BlackPicture::create();
  if (!picture) {
    GST_ELEMENT_ERROR(element(), CORE, MISSING_PLUGIN, ("%s", picture.error().message.c_str()),
                      (nullptr));
    return;
  }
  picture_ = std::move(*picture);
  gst_bin_add(GST_BIN(element()), picture_->element());
  const Owned<GstPad> src(gst_element_get_static_pad(picture_->element(), "src"));
  const Owned<GstPad> audio(gst_element_get_static_pad(captions_, "audio_sink"));
  picture_->end_with(audio.get());
  link(src.get(), "video");
  gst_element_sync_state_with_parent(picture_->element());
}

void PlayerPipeline::apply_state() {
  const bool hold = paused_ || (buffering_ && !is_live_);
  is_live_ = gst_element_set_state(element(), hold ? GST_STATE_PAUSED : GST_STATE_PLAYING) ==
                 GST_STATE_CHANGE_NO_PREROLL ||
             is_live_;
}

void PlayerPipeline::set_paused(bool paused) {
  paused_ = paused;
  apply_state();
}

void PlayerPipeline::set_buffering(bool buffering) {
  if (std::exchange(buffering_, buffering) != buffering) apply_state();
}

GstClockTime PlayerPipeline::seek_by(gint64 nanoseconds) {
  // While the last seek is in progress, the position is unknown. The target of that seek is used
  // instead.
  gint64 position = 0;
  if (!gst_element_query_position(element(), GST_FORMAT_TIME, &position)) position = last_target_;
  const gint64 target = std::max<gint64>(position + nanoseconds, 0);
  constexpr auto kFlags = static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE);
  if (!gst_element_seek_simple(element(), GST_FORMAT_TIME, kFlags, target)) {
    return GST_CLOCK_TIME_NONE;
  }
  last_target_ = target;
  return static_cast<GstClockTime>(target);
}

bool PlayerPipeline::toggle_captions() {
  const Owned<GstElement> overlay(gst_bin_get_by_name(GST_BIN(captions_), "overlay"));
  if (!overlay) return false;
  gboolean silent = FALSE;
  g_object_get(overlay.get(), "silent", &silent, nullptr);
  g_object_set(overlay.get(), "silent", !silent, nullptr);
  return silent != FALSE;
}

}  // namespace npuwhisper::player
