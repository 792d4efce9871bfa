// SPDX-License-Identifier: LGPL-2.1-or-later
#include "caption_bin.h"

#include <gst/pbutils/missing-plugins.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "gst/element/gstnpuwhisper.h"
#include "gst/support/callback.h"
#include "gst/support/debug.h"
#include "gst/support/gsterror.h"
#include "gst/support/unpositioned_channels.h"

namespace npuwhisper {
namespace {

// The queues' capacity beyond the latency. It is needed because buffers of audio and video do not
// end at the same times, files do not interleave audio and video exactly, and recognition takes
// time.
constexpr GstClockTime kSlack = GST_SECOND;
// The delay of text without streaming, where audio is recognised in whole windows of 30 s. The
// delay is one and a half windows, because a window may start where the last text of the previous
// window ends.
constexpr GstClockTime kWindows = 45 * GST_SECOND;

PadPtr static_pad(GstElement* element, const char* name) {
  return PadPtr(element != nullptr ? gst_element_get_static_pad(element, name) : nullptr);
}

void limit_by_time_alone(GstElement* queue, GstClockTime time) {
  if (queue == nullptr) return;
  g_object_set(queue, "max-size-buffers", 0U, "max-size-bytes", 0U, "max-size-time",
               static_cast<guint64>(time), nullptr);
}

// Converts stream time at `rate` to running time, which queues measure. Slow playback needs more
// running time. Fast playback needs less, but the result is never smaller than `time`.
GstClockTime at_rate(GstClockTime time, double rate) {
  const double slowness = rate != 0 ? 1 / std::abs(rate) : 1;
  return slowness > 1 ? static_cast<GstClockTime>(static_cast<double>(time) * slowness) : time;
}

void add_probe(GstElement* element, const char* pad, GstPadProbeType what,
               GstPadProbeCallback probe, gpointer data) {
  if (const PadPtr owned = static_pad(element, pad)) {
    gst_pad_add_probe(owned.get(), what, probe, data, nullptr);
  }
}

bool is_flush(const GstEvent* event) {
  return GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_START ||
         GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP;
}

}  // namespace

CaptionBin::CaptionBin(GstBin* bin)
    : bin_(bin), elements_(bin), gate_(elements_), text_(GST_ELEMENT(bin), gate_) {
  tee_ = elements_.add("tee", "audio_tee");
  audio_queue_ = elements_.add("queue", "audio_queue");
  video_queue_ = elements_.add("queue", "video_queue");
  text_queue_ = elements_.add("queue", "text_queue");
  GstElement* convert = elements_.add("audioconvert", "convert");
  GstElement* resample = elements_.add("audioresample", "resample");
  whisper_ = elements_.add(GST_TYPE_NPU_WHISPER, "npuwhisper");
  ElementGroup::link({text_queue_, convert, resample, whisper_});
  if (convert != nullptr) mix_unpositioned_channels(convert);
  // The queue holds one second of audio, so that a short wait of the text's branch does not block
  // the tee.
  limit_by_time_alone(text_queue_, GST_SECOND);
  text_sink_ = static_pad(text_queue_, "sink");
  const PadPtr whisper_src = static_pad(whisper_, "src");
  if (gate_.sink() != nullptr) gst_pad_link(whisper_src.get(), gate_.sink());

  audio_sink_ = add_ghost_pad("audio_sink", GST_PAD_SINK);
  video_sink_ = add_ghost_pad("video_sink", GST_PAD_SINK);
  GstPad* audio_src = add_ghost_pad("audio_src", GST_PAD_SRC);
  video_src_ = add_ghost_pad("video_src", GST_PAD_SRC);
  if (tee_ != nullptr) {
    const PadPtr audio_tee(gst_element_request_pad_simple(tee_, "src_%u"));
    const PadPtr audio_sink = static_pad(audio_queue_, "sink");
    if (audio_sink) gst_pad_link(audio_tee.get(), audio_sink.get());
    text_tee_.reset(gst_element_request_pad_simple(tee_, "src_%u"));
  }
  gst_ghost_pad_set_target(GST_GHOST_PAD(audio_sink_), static_pad(tee_, "sink").get());
  gst_ghost_pad_set_target(GST_GHOST_PAD(video_sink_), static_pad(video_queue_, "sink").get());
  gst_ghost_pad_set_target(GST_GHOST_PAD(audio_src), static_pad(audio_queue_, "src").get());

  text_.attach(text_tee_.get(), text_sink_.get(), audio_sink_, video_sink_);
  for (GstPad* pad : {audio_sink_, video_sink_}) {
    g_signal_connect(pad, "linked", G_CALLBACK(on_link_changed), this);
    g_signal_connect(pad, "unlinked", G_CALLBACK(on_link_changed), this);
  }
  add_probe(tee_, "sink", GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, probe<on_seek>, this);
  add_probe(audio_queue_, "src", GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, probe<on_upstream_event>, this);
  add_probe(video_queue_, "src", GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, probe<on_upstream_event>, this);
  if (const PadPtr video = static_pad(video_queue_, "src")) gate_.open_by(video.get());
  constexpr auto kVideo = static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_DATA_DOWNSTREAM |
                                                       GST_PAD_PROBE_TYPE_EVENT_FLUSH);
  add_probe(video_queue_, "sink", kVideo, probe<on_video>, this);
  add_probe(tee_, "sink", GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, probe<on_audio_event>, this);
  video_lead_.attach(audio_queue_, video_queue_, [this] { size_queues(); });
  audio_queries_.attach(audio_queue_);
  video_queries_.attach(video_queue_);
  text_queries_.attach(text_queue_);
  constexpr auto kQueries =
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM | GST_PAD_PROBE_TYPE_PUSH);
  add_probe(text_queue_, "sink", kQueries, probe<on_text_query>, this);
  rebuild();
}

CaptionBin::~CaptionBin() {
  for (GstPad* pad : {audio_sink_, video_sink_}) g_signal_handlers_disconnect_by_data(pad, this);
}

GstPad* CaptionBin::add_ghost_pad(const char* name, GstPadDirection direction) {
  GstElementClass* klass = GST_ELEMENT_GET_CLASS(bin_);
  GstPad* pad = gst_ghost_pad_new_no_target_from_template(
      name, gst_element_class_get_pad_template(klass, name));
  g_return_val_if_fail(gst_pad_get_direction(pad) == direction, nullptr);
  gst_element_add_pad(GST_ELEMENT(bin_), pad);
  return pad;
}

void CaptionBin::set_mode(CaptionMode mode) {
  if (mode == mode_) return;
  mode_ = mode;
  rebuild();
}

void CaptionBin::rebuild() {
  text_.set_captioner(nullptr);
  gst_ghost_pad_set_target(GST_GHOST_PAD(video_src_), nullptr);
  captioner_.reset();

  const bool captions = mode_ != CaptionMode::None;
  if (captions) captioner_ = Captioner::create(bin_, mode_);
  const PadPtr video = static_pad(video_queue_, "src");
  GstPad* video_src = video.get();
  if (captions) {
    video_src = captioner_->video_src();
    if (video_src != nullptr) gate_.close_by(video_src);
    if (video && captioner_->video_sink() != nullptr) {
      gst_pad_link(video.get(), captioner_->video_sink());
    }
  }
  if (video_src != nullptr) gst_ghost_pad_set_target(GST_GHOST_PAD(video_src_), video_src);
  // Without captions, npuwhisper stays in NULL, so that it loads no model.
  gst_element_set_locked_state(whisper_, !captions);
  if (captions) {
    gst_element_sync_state_with_parent(whisper_);
  } else {
    gst_element_set_state(whisper_, GST_STATE_NULL);
  }
  size_queues();
  text_.set_captioner(captioner_.get());
}

bool CaptionBin::check_elements() const {
  std::vector<std::string> missing = elements_.missing();
  if (captioner_) {
    missing.insert(missing.end(), captioner_->missing().begin(), captioner_->missing().end());
  }
  if (missing.empty()) return true;
  std::string names;
  for (const std::string& name : missing) {
    gst_element_post_message(GST_ELEMENT(bin_),
                             gst_missing_element_message_new(GST_ELEMENT(bin_), name.c_str()));
    names += (names.empty() ? "" : ", ") + name;
  }
  GST_ELEMENT_ERROR(bin_, CORE, MISSING_PLUGIN,
                    ("Captions need elements that are not installed: %s", names.c_str()),
                    ("textoverlay is in GStreamer's plugin 'pango', cccombiner and ccconverter in "
                     "'closedcaption'"));
  return false;
}

void CaptionBin::start() {
  pipeline_latency_ = 0;
  audio_rate_ = 1.0;
  video_rate_ = 1.0;
  last_seek_ = GST_SEQNUM_INVALID;
  video_refused_ = false;
  for (QueryGuard* guard : {&audio_queries_, &video_queries_, &text_queries_}) guard->reset();
  gate_.start();
  video_lead_.start();
  if (captioner_) captioner_->start();
  text_.start();
  size_queues();
}

void CaptionBin::started() {
  text_.started();
}

void CaptionBin::stop() {
  text_.stop();
}

void CaptionBin::size_queues() {
  // Sizes for older rates must not overwrite sizes for newer rates.
  const std::scoped_lock lock(sizes_mutex_);
  GstClockTime text = 0;
  if (captioner_) {
    guint latency_ms = 0;
    gboolean streaming = FALSE;
    g_object_get(whisper_, "latency", &latency_ms, "streaming", &streaming, nullptr);
    gate_.set_lead(captioner_->latency() + kSlack);
    text = captioner_->latency() + (streaming != FALSE ? latency_ms * GST_MSECOND : kWindows);
  }
  // In a live pipeline, each sink delays its data by the latency of the slowest branch.
  const GstClockTime time = std::max(text, pipeline_latency_.load()) + kSlack;
  limit_by_time_alone(audio_queue_, at_rate(time, audio_rate_) + video_lead_.room());
  limit_by_time_alone(video_queue_, at_rate(time, video_rate_));
}

void CaptionBin::set_playing(bool playing) {
  video_lead_.set_playing(playing);
  size_queues();
}

void CaptionBin::follow_rate(GstEvent* segment_event, std::atomic<double>& rate) {
  const GstSegment* segment = nullptr;
  gst_event_parse_segment(segment_event, &segment);
  if (rate.exchange(segment->rate) != segment->rate) size_queues();
}

bool CaptionBin::follow_video(GstEvent* caps_event) {
  GstCaps* caps = nullptr;
  gst_event_parse_caps(caps_event, &caps);
  if (!captioner_) return true;
  if (const auto taken = captioner_->video_caps(caps); !taken) {
    post_error(GST_ELEMENT(bin_), taken.error());
    return false;
  }
  size_queues();
  return true;
}

// Answers caps queries at the text's branch with any raw audio, which the branch can convert. This
// hides the branch's preference for mono: a decoder that queries downstream for the number of
// channels, as a52dec does, might otherwise decode to mono for all branches.
GstPadProbeReturn CaptionBin::on_text_query(GstPad*, GstPadProbeInfo* info, gpointer) {
  GstQuery* query = GST_PAD_PROBE_INFO_QUERY(info);
  if (GST_QUERY_TYPE(query) != GST_QUERY_CAPS) return GST_PAD_PROBE_OK;
  GstCaps* filter = nullptr;
  gst_query_parse_caps(query, &filter);
  CapsPtr caps(gst_caps_new_empty_simple("audio/x-raw"));
  if (filter != nullptr) {
    caps.reset(gst_caps_intersect_full(filter, caps.get(), GST_CAPS_INTERSECT_FIRST));
  }
  gst_query_set_caps_result(query, caps.get());
  return GST_PAD_PROBE_HANDLED;
}

void CaptionBin::on_link_changed(GstPad*, GstPad*, gpointer self) {
  auto& bin = *static_cast<CaptionBin*>(self);
  call_guarded(GST_ELEMENT(bin.bin_), true, [&bin] {
    bin.text_.follow_links();
    return true;
  });
}

// Sizes the queues for the latency that the pipeline distributes, because the sinks will delay
// their data by this latency.
GstPadProbeReturn CaptionBin::on_upstream_event(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& bin = *static_cast<CaptionBin*>(self);
  GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
  if (GST_EVENT_TYPE(event) == GST_EVENT_LATENCY) {
    GstClockTime latency = 0;
    gst_event_parse_latency(event, &latency);
    bin.pipeline_latency_ = GST_CLOCK_TIME_IS_VALID(latency) ? latency : 0;
    bin.size_queues();
  }
  return GST_PAD_PROBE_OK;
}

// Lets each seek pass to the audio only once. A pipeline sends a seek to every sink, and the seek
// of the video's sink also reaches the audio, through the text's branch.
GstPadProbeReturn CaptionBin::on_seek(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& bin = *static_cast<CaptionBin*>(self);
  GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
  if (GST_EVENT_TYPE(event) != GST_EVENT_SEEK) return GST_PAD_PROBE_OK;
  const guint32 seqnum = gst_event_get_seqnum(event);
  if (bin.last_seek_.exchange(seqnum) != seqnum) return GST_PAD_PROBE_OK;
  gst_event_unref(event);
  return GST_PAD_PROBE_HANDLED;
}

// Follows the flushes, rate and caps of the video. Drops video whose caps were refused, because
// cccombiner would divide by a framerate of 0.
GstPadProbeReturn CaptionBin::on_video(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& bin = *static_cast<CaptionBin*>(self);
  GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
  if (!GST_IS_EVENT(event)) return bin.video_refused_ ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
  if (is_flush(event)) bin.text_.follow_video(event);
  if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) bin.follow_rate(event, bin.video_rate_);
  if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS) return GST_PAD_PROBE_OK;
  bin.video_refused_ = !bin.follow_video(event);
  return bin.video_refused_ ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

GstPadProbeReturn CaptionBin::on_audio_event(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& bin = *static_cast<CaptionBin*>(self);
  GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
  if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) bin.follow_rate(event, bin.audio_rate_);
  return GST_PAD_PROBE_OK;
}

}  // namespace npuwhisper
