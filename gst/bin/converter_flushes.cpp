// SPDX-License-Identifier: LGPL-2.1-or-later
#include "converter_flushes.h"

#include "gst/support/callback.h"

namespace npuwhisper {
namespace {

bool is_flush_start(const GstPadProbeInfo* info) {
  return GST_EVENT_TYPE(info->data) == GST_EVENT_FLUSH_START;
}

}  // namespace

void ConverterFlushes::attach(GstElement* converter) {
  if (converter == nullptr) return;
  src_.reset(gst_element_get_static_pad(converter, "src"));
  const PadPtr sink(gst_element_get_static_pad(converter, "sink"));
  gst_pad_add_probe(sink.get(), GST_PAD_PROBE_TYPE_EVENT_FLUSH, probe<on_sink>, this, nullptr);
  gst_pad_add_probe(src_.get(), GST_PAD_PROBE_TYPE_EVENT_FLUSH, probe<on_src>, this, nullptr);
}

GstPadProbeReturn ConverterFlushes::on_sink(GstPad* pad, GstPadProbeInfo* info, gpointer self) {
  if (!is_flush_start(info)) return GST_PAD_PROBE_OK;
  auto& flushes = *static_cast<ConverterFlushes*>(self);
  flushes.passed_ = false;
  gst_pad_push_event(flushes.src_.get(), gst_event_ref(GST_PAD_PROBE_INFO_EVENT(info)));
  flushes.passed_ = true;
  // Waits until the streaming thread has left ccconverter. No thread can enter ccconverter, because
  // the pad is flushing.
  GST_PAD_STREAM_LOCK(pad);
  GST_PAD_STREAM_UNLOCK(pad);
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn ConverterFlushes::on_src(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& flushes = *static_cast<ConverterFlushes*>(self);
  const bool again = is_flush_start(info) && flushes.passed_.exchange(false);
  return again ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

}  // namespace npuwhisper
