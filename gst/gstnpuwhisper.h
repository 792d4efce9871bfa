// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace npuwhisper {
struct ElementState;
}

G_BEGIN_DECLS

/// The element `npuwhisper`: audio in, timed text out. This file and its source are the GObject
/// shell: class, pads, properties, state changes. sink_pad.h contains the sink side, source_pads.h
/// the source side, worker.h the processing.
#define GST_TYPE_NPU_WHISPER (gst_npu_whisper_get_type())
G_DECLARE_FINAL_TYPE(GstNpuWhisper, gst_npu_whisper, GST, NPU_WHISPER, GstElement)

struct _GstNpuWhisper {
  GstElement parent;
  npuwhisper::ElementState* state;
};

GST_ELEMENT_REGISTER_DECLARE(npuwhisper)

G_END_DECLS
