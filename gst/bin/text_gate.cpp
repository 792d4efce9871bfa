// SPDX-License-Identifier: LGPL-2.1-or-later
#include "text_gate.h"

#include "gst/support/callback.h"

namespace npuwhisper {
namespace {

// The queue's limit in buffers. It can be small, because npuwhisper has a queue of its own.
constexpr guint kMostTexts = 16;
// The number of texts and GAPs that the closed gate lets in after a flush of the text. Far fewer
// arrive before the flush of the video, which opens the gate.
constexpr int kMostAfterFlush = 256;

void limit(GstElement* queue, guint n_buffers) {
  g_object_set(queue, "max-size-buffers", n_buffers, "max-size-bytes", 0U, "max-size-time",
               guint64{0}, nullptr);
}

// Returns whether a closed gate lets an event in. The gate lets in the events that text needs when
// the video starts again.
bool passes_closed_gate(GstEvent* event) {
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_STREAM_START:
    case GST_EVENT_CAPS:
    case GST_EVENT_SEGMENT:
    case GST_EVENT_STREAM_GROUP_DONE:  // Created by AbsentText.
    case GST_EVENT_EOS:
    case GST_EVENT_FLUSH_START:
    case GST_EVENT_FLUSH_STOP:
      return true;
    default:
      return false;
  }
}

// Returns whether a buffer or event must reach the captioner: text, GAPs and the events that text
// needs. A captioner would forward any other event, such as TAG, on the video's pad, but in the
// text's thread. That thread would then wait for the video's sink, and only a flush of the video
// would wake it.
bool is_of_text(const GstPadProbeInfo* info) {
  if ((info->type & GST_PAD_PROBE_TYPE_BUFFER) != 0) return true;
  GstEvent* event = GST_EVENT(info->data);
  return GST_EVENT_TYPE(event) == GST_EVENT_GAP || passes_closed_gate(event);
}

}  // namespace

TextGate::TextGate(ElementGroup& elements) : queue_(elements.add("queue", "cue_queue")) {
  if (queue_ == nullptr) return;
  sink_.reset(gst_element_get_static_pad(queue_, "sink"));
  src_.reset(gst_element_get_static_pad(queue_, "src"));
  limit(queue_, kMostTexts);
  queries_.attach(queue_);
  constexpr auto kData =
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM |
                                   GST_PAD_PROBE_TYPE_EVENT_FLUSH);
  gst_pad_add_probe(sink_.get(), kData, probe<on_text>, this, nullptr);
}

void TextGate::open_by(GstPad* pad) {
  gst_pad_add_probe(pad, kDownstreamEvents, probe<on_video_in>, this, nullptr);
  if (queue_ != nullptr) absent_text_.attach(sink_.get(), src_.get(), pad);
}

void TextGate::close_by(GstPad* pad) {
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, probe<on_video_out>, this, nullptr);
}

void TextGate::open() {
  if (queue_ == nullptr || !closed_.exchange(false)) return;
  limit(queue_, kMostTexts);
}

void TextGate::start() {
  queries_.reset();
  segments_.reset();
  absent_text_.start();
  open();
}

void TextGate::close() {
  if (queue_ == nullptr) return;
  n_let_in_ = 0;
  closed_ = true;
  limit(queue_, 0);  // Wakes a thread that waits for space in the queue.
  // Waits until all text that on_text() has let in is in the queue. The thread of the text holds
  // this lock from on_text() until the text is in the queue. Until then, the captioner must not
  // refuse text.
  GST_PAD_STREAM_LOCK(sink_.get());
  GST_PAD_STREAM_UNLOCK(sink_.get());
}

GstPadProbeReturn TextGate::on_video_in(GstPad*, GstPadProbeInfo* info, gpointer self) {
  switch (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info))) {
    case GST_EVENT_STREAM_START:
    case GST_EVENT_SEGMENT:
    case GST_EVENT_FLUSH_STOP:
      static_cast<TextGate*>(self)->open();
      break;
    default:
      break;
  }
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn TextGate::on_video_out(GstPad*, GstPadProbeInfo* info, gpointer self) {
  if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_EOS) {
    static_cast<TextGate*>(self)->close();
  }
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn TextGate::on_text(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& gate = *static_cast<TextGate*>(self);
  if (gate.absent_text_.is_filling()) return GST_PAD_PROBE_OK;
  if (!is_of_text(info)) return GST_PAD_PROBE_DROP;
  const GstPadProbeReturn joined = gate.segments_.on_data(info);
  if (joined != GST_PAD_PROBE_OK || !gate.closed_) return joined;
  if ((info->type & GST_PAD_PROBE_TYPE_BUFFER) == 0) {
    GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
    if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP) gate.n_let_in_ = kMostAfterFlush;
    if (passes_closed_gate(event)) return GST_PAD_PROBE_OK;
  }
  if (gate.n_let_in_ <= 0) return GST_PAD_PROBE_DROP;
  --gate.n_let_in_;
  return GST_PAD_PROBE_OK;
}

}  // namespace npuwhisper
