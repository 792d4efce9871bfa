// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cea_captioner.h"

#include <gst/base/gstaggregator.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "flushable_aggregator.h"
#include "gst/cea608/caption_stream.h"
#include "gst/cea608/gsttexttocea608.h"
#include "gst/support/callback.h"
#include "gst/support/gst_ptr.h"
#include "gst/support/sticky_events.h"

namespace npuwhisper {
namespace {

void set_caps(GstElement* filter, CapsPtr caps) {
  g_object_set(filter, "caps", caps.get(), nullptr);
}

bool is_interlaced(const GstStructure* video) {
  const char* mode = gst_structure_get_string(video, "interlace-mode");
  return mode != nullptr && std::string_view(mode) != "progressive";
}

// Divides the duration of a GAP by the rate, if the rate is above 1. cccombiner (1.22) adds the
// duration, which is stream time, to the GAP's running time: at double speed, a GAP would seem to
// last twice as long, and video would not wait for the captions after the GAP.
GstPadProbeReturn fit_gap_to_rate(GstPad* pad, GstPadProbeInfo* info, gpointer) {
  GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
  if (GST_EVENT_TYPE(event) != GST_EVENT_GAP) return GST_PAD_PROBE_OK;
  const auto segment = segment_of(pad);
  GstClockTime start = GST_CLOCK_TIME_NONE;
  GstClockTime duration = GST_CLOCK_TIME_NONE;
  gst_event_parse_gap(event, &start, &duration);
  if (!segment || segment->rate <= 1 || !GST_CLOCK_TIME_IS_VALID(duration)) return GST_PAD_PROBE_OK;
  const double fitting = static_cast<double>(duration) / segment->rate;
  GstEvent* fitted = gst_event_new_gap(start, static_cast<GstClockTime>(fitting));
  gst_event_set_seqnum(fitted, gst_event_get_seqnum(event));
  gst_event_unref(event);
  info->data = fitted;
  return GST_PAD_PROBE_OK;
}

// Adds a cccombiner that supports flushes of the video alone and of the text alone. Adds a
// cccombiner that is not a GstAggregator unchanged. Returns nullptr if cccombiner is not installed.
GstElement* add_combiner(ElementGroup& elements) {
  constexpr const char* kFactory = "cccombiner";
  constexpr const char* kName = "combiner";
  using Feature = std::unique_ptr<GstPluginFeature, ObjectUnref>;
  const Feature found(GST_PLUGIN_FEATURE(gst_element_factory_find(kFactory)));
  const Feature loaded(found ? gst_plugin_feature_load(found.get()) : nullptr);
  if (!loaded) return elements.add(kFactory, kName);
  const GType type = gst_element_factory_get_element_type(GST_ELEMENT_FACTORY(loaded.get()));
  if (!g_type_is_a(type, GST_TYPE_AGGREGATOR)) return elements.add(kFactory, kName);
  return elements.add(flushable_aggregator(type), kName);
}

}  // namespace

CeaCaptioner::CeaCaptioner(GstBin* bin, CaptionMode mode) : elements_(bin), mode_(mode) {
  captions_ = elements_.add(GST_TYPE_TEXT_TO_CEA608, "captions");
  format_ = elements_.add("capsfilter", "caption_format");
  GstElement* queue = elements_.add("queue", "caption_queue");
  combiner_ = add_combiner(elements_);
  if (mode == CaptionMode::Cea608) {
    ElementGroup::link({captions_, format_, queue});
  } else {
    GstElement* converter = elements_.add("ccconverter", "caption_converter");
    GstElement* as_708 = elements_.add("capsfilter", "caption_format_708");
    if (as_708 != nullptr) {
      set_caps(as_708, CapsPtr(gst_caps_from_string("closedcaption/x-cea-708, format=cc_data")));
    }
    ElementGroup::link({captions_, format_, converter, as_708, queue});
    converter_flushes_.attach(converter);
  }
  if (!missing().empty()) return;
  // The queue has no limit in buffers or bytes, because captions arrive in bursts. A burst lasts as
  // long as a text and has one buffer per frame.
  g_object_set(queue, "max-size-buffers", 0U, "max-size-bytes", 0U, nullptr);
  queries_.attach(queue);
  text_sink_.reset(gst_element_get_static_pad(captions_, "sink"));
  gst_pad_add_probe(text_sink_.get(), kDownstreamEvents, probe<on_text_event>, this, nullptr);
  captions_src_.reset(gst_element_get_static_pad(queue, "src"));
  gst_pad_add_probe(captions_src_.get(), GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
                    probe<fit_gap_to_rate>, nullptr, nullptr);
  video_sink_.reset(gst_element_get_static_pad(combiner_, "sink"));
  video_src_.reset(gst_element_get_static_pad(combiner_, "src"));
  video_repair_.attach(video_sink_.get(), video_src_.get());
}

bool CeaCaptioner::link_text(GstPad* src) {
  if (combiner_caption_) return true;
  combiner_caption_.reset(gst_element_request_pad_simple(combiner_, "caption"));
  return combiner_caption_ &&
         gst_pad_link(captions_src_.get(), combiner_caption_.get()) == GST_PAD_LINK_OK &&
         gst_pad_link(src, text_sink_.get()) == GST_PAD_LINK_OK;
}

void CeaCaptioner::unlink_text() {
  if (!combiner_caption_) return;
  if (const PadPtr src(gst_pad_get_peer(text_sink_.get())); src) {
    gst_pad_unlink(src.get(), text_sink_.get());
  }
  gst_pad_unlink(captions_src_.get(), combiner_caption_.get());
  gst_element_release_request_pad(combiner_, combiner_caption_.get());
  combiner_caption_.reset();
}

void CeaCaptioner::start() {
  queries_.reset();
  video_repair_.start();
  let_text_flow();
  const std::scoped_lock lock(mutex_);
  waits_for_video_ = true;
  hold_text();
}

// Suspends hold_text() from FLUSH_START to FLUSH_STOP. In GStreamer 1.22, FLUSH_STOP first clears
// the flag that reports the flush to a held thread, and then waits for the stream lock, which the
// held thread owns. A thread held at that moment would wait forever, and so would the flush.
GstPadProbeReturn CeaCaptioner::on_text_event(GstPad* pad, GstPadProbeInfo* info, gpointer self) {
  // Pause between two checks, in microseconds. It is short, because GStreamer has already woken the
  // held thread.
  constexpr gulong kRetry = 100;
  auto& captioner = *static_cast<CeaCaptioner*>(self);
  const GstEventType type = GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info));
  if (type == GST_EVENT_FLUSH_START) {
    while (gst_pad_is_blocking(pad)) g_usleep(kRetry);
    const std::scoped_lock lock(captioner.mutex_);
    captioner.release_text();
  } else if (type == GST_EVENT_FLUSH_STOP) {
    const std::scoped_lock lock(captioner.mutex_);
    if (captioner.waits_for_video_) captioner.hold_text();
  }
  return GST_PAD_PROBE_OK;
}

void CeaCaptioner::hold_text() {
  const auto hold = [](GstPad*, GstPadProbeInfo*, gpointer) { return GST_PAD_PROBE_OK; };
  if (hold_ != 0) return;
  hold_ = gst_pad_add_probe(text_sink_.get(), GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM, hold, nullptr,
                            nullptr);
}

void CeaCaptioner::release_text() {
  if (hold_ != 0) gst_pad_remove_probe(text_sink_.get(), std::exchange(hold_, 0));
}

Result<void> CeaCaptioner::video_caps(const GstCaps* caps) {
  int numerator = 0;
  int denominator = 1;
  const GstStructure* structure = gst_caps_get_structure(caps, 0);
  gst_structure_get_fraction(structure, "framerate", &numerator, &denominator);
  if (numerator < denominator || numerator > 240 * denominator) {
    return fail(
        ErrorCode::Unsupported,
        "closed captions need video with a constant framerate between 1/1 and 240/1, found " +
            std::to_string(numerator) + '/' + std::to_string(denominator) +
            "; place a videorate before the bin");
  }
  // Interlaced video has a line 21, and only s334-1a captions are written to this line. In
  // progressive video, cccombiner assigns s334-1a captions to field 2 and drops them.
  const char* format = mode_ == CaptionMode::Cea608 && is_interlaced(structure) ? "s334-1a" : "raw";
  set_caps(format_, CapsPtr(gst_caps_new_simple("closedcaption/x-cea-608", "format", G_TYPE_STRING,
                                                format, "framerate", GST_TYPE_FRACTION, numerator,
                                                denominator, nullptr)));
  let_text_flow();
  return {};
}

void CeaCaptioner::let_text_flow() {
  const std::scoped_lock lock(mutex_);
  waits_for_video_ = false;
  release_text();
}

GstClockTime CeaCaptioner::latency() const {
  return captions_ != nullptr ? GST_TEXT_TO_CEA608(captions_)->stream->latency() : 0;
}

}  // namespace npuwhisper
