// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gsttexttocea608.h"

#include <string>
#include <string_view>
#include <utility>

#include "caption_debug.h"
#include "caption_properties.h"
#include "caption_stream.h"
#include "gst/support/callback.h"
#include "gst/support/gst_ptr.h"
#include "gst/support/mapped_buffer.h"
#include "markup_text.h"

GST_DEBUG_CATEGORY(text_to_cea608_debug);
G_DEFINE_TYPE(GstTextToCea608, gst_text_to_cea608, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE(texttocea608, "texttocea608", GST_RANK_NONE, GST_TYPE_TEXT_TO_CEA608)

namespace {

using npuwhisper::CaptionSettings;
using npuwhisper::CaptionStream;
using npuwhisper::ElementCallback;

GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS("text/x-raw, format = (string) { utf8, pango-markup }"));
GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS("closedcaption/x-cea-608, format = (string) { raw, s334-1a }, "
                    "framerate = (fraction) [ 1/1, 240/1 ]"));

CaptionStream& stream_of(gpointer self) {
  return *GST_TEXT_TO_CEA608(self)->stream;
}

GstFlowReturn chain(GstPad*, GstObject* parent, GstBuffer* buffer) {
  const npuwhisper::BufferPtr owned(buffer);
  CaptionStream& stream = stream_of(parent);
  if (!stream.negotiate()) return GST_FLOW_NOT_NEGOTIATED;
  const npuwhisper::MappedBuffer mapped(buffer);
  // Some sources include the terminating NUL in the buffer.
  const std::string_view view(reinterpret_cast<const char*>(mapped.bytes().data()),
                              mapped.bytes().size());
  std::string text(view.substr(0, view.find('\0')));
  if (GST_TEXT_TO_CEA608(parent)->markup) text = npuwhisper::markup_text(text);
  return stream.text(text, GST_BUFFER_PTS(buffer), GST_BUFFER_DURATION(buffer));
}

bool set_caps(GstObject* parent, GstEvent* event) {
  GstCaps* caps = nullptr;
  gst_event_parse_caps(event, &caps);
  const char* format = gst_structure_get_string(gst_caps_get_structure(caps, 0), "format");
  GST_TEXT_TO_CEA608(parent)->markup = g_strcmp0(format, "pango-markup") == 0;
  return stream_of(parent).negotiate();
}

bool segment(GstObject* parent, npuwhisper::EventPtr event) {
  CaptionStream& stream = stream_of(parent);
  const GstSegment* segment = nullptr;
  gst_event_parse_segment(event.get(), &segment);
  if (segment->format != GST_FORMAT_TIME) {
    GST_ELEMENT_ERROR(
        parent, STREAM, FORMAT, ("Captions need timed text"),
        ("the segment has format %s instead of time", gst_format_get_name(segment->format)));
    return false;
  }
  return stream.negotiate() && stream.segment(event.release());
}

bool gap(GstObject* parent, GstEvent* event) {
  CaptionStream& stream = stream_of(parent);
  GstClockTime pts = 0;
  GstClockTime duration = 0;
  gst_event_parse_gap(event, &pts, &duration);
  return stream.negotiate() && stream.gap(pts, duration) == GST_FLOW_OK;
}

gboolean sink_event(GstPad* pad, GstObject* parent, GstEvent* event) {
  npuwhisper::EventPtr owned(event);
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_CAPS:
      return set_caps(parent, event);
    case GST_EVENT_SEGMENT:
      return segment(parent, std::move(owned));
    case GST_EVENT_GAP:
      return gap(parent, event);
    case GST_EVENT_EOS:
      stream_of(parent).drain();
      break;
    case GST_EVENT_FLUSH_STOP:
      stream_of(parent).reset();
      break;
    default:
      break;
  }
  return gst_pad_event_default(pad, parent, owned.release());
}

gboolean src_query(GstPad* pad, GstObject* parent, GstQuery* query) {
  if (!gst_pad_query_default(pad, parent, query)) return FALSE;
  if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY) return TRUE;
  gboolean live = FALSE;
  GstClockTime min = 0;
  GstClockTime max = 0;
  gst_query_parse_latency(query, &live, &min, &max);
  if (!live) return TRUE;
  const GstClockTime ours = stream_of(parent).latency();
  gst_query_set_latency(query, live, min + ours, GST_CLOCK_TIME_IS_VALID(max) ? max + ours : max);
  return TRUE;
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  CaptionStream& stream = stream_of(object);
  const GstClockTime latency = stream.latency();
  if (!stream.change_settings([&](CaptionSettings& settings) {
        return npuwhisper::set_property(settings, id, value);
      })) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    return;
  }
  if (stream.latency() == latency) return;
  gst_element_post_message(GST_ELEMENT(object), gst_message_new_latency(GST_OBJECT(object)));
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  const CaptionStream& stream = stream_of(object);
  if (id == npuwhisper::kCaptionPropStats) {
    g_value_take_boxed(value, npuwhisper::make_stats(stream.counters()));
  } else if (!npuwhisper::get_property(stream.settings(), id, value)) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) {
  const GstStateChangeReturn result =
      GST_ELEMENT_CLASS(gst_text_to_cea608_parent_class)->change_state(element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) stream_of(element).reset();
  return result;
}

void finalize(GObject* object) {
  delete GST_TEXT_TO_CEA608(object)->stream;
  G_OBJECT_CLASS(gst_text_to_cea608_parent_class)->finalize(object);
}

}  // namespace

static void gst_text_to_cea608_class_init(GstTextToCea608Class* klass) {
  GST_DEBUG_CATEGORY_INIT(text_to_cea608_debug, "texttocea608", 0, "Text to CEA-608 captions");
  GObjectClass* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = ElementCallback<set_property>::call_void;
  object_class->get_property = ElementCallback<get_property>::call_void;
  object_class->finalize = finalize;
  npuwhisper::install_caption_properties(object_class);

  GstElementClass* element_class = GST_ELEMENT_CLASS(klass);
  element_class->change_state = ElementCallback<change_state>::call<GST_STATE_CHANGE_FAILURE>;
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_element_class_add_static_pad_template(element_class, &src_template);
  gst_element_class_set_static_metadata(element_class, "Text to CEA-608", "Filter/Converter/Text",
                                        "Converts timed text to CEA-608 closed captions",
                                        "The npuwhisper developers");
}

static void gst_text_to_cea608_init(GstTextToCea608* self) {
  GstElement* element = GST_ELEMENT(self);
  GstPad* src = gst_pad_new_from_static_template(&src_template, "src");
  gst_pad_set_query_function(src, npuwhisper::PadCallback<src_query>::call<FALSE>);
  gst_element_add_pad(element, src);
  self->stream = new CaptionStream(src);

  GstPad* sink = gst_pad_new_from_static_template(&sink_template, "sink");
  gst_pad_set_chain_function(sink, npuwhisper::PadCallback<chain>::call<GST_FLOW_ERROR>);
  gst_pad_set_event_function(sink, npuwhisper::PadCallback<sink_event>::call<FALSE>);
  gst_element_add_pad(element, sink);
}
