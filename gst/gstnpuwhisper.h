// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace npuwhisper {
struct ElementState;
}

G_BEGIN_DECLS

/// The element `npuwhisper`: audio in, timed text out. This file and its source are the GObject
/// shell: class, pads, properties, state changes. The sink side is in sink_pad.h, the source side
/// in source_pads.h, the work in worker.h.
#define GST_TYPE_NPU_WHISPER (gst_npu_whisper_get_type())
G_DECLARE_FINAL_TYPE(GstNpuWhisper, gst_npu_whisper, GST, NPU_WHISPER, GstElement)

struct _GstNpuWhisper {
  GstElement parent;
  npuwhisper::ElementState* state;
};

GST_ELEMENT_REGISTER_DECLARE(npuwhisper)

G_END_DECLS
