// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>
#include <npuwhisper/npu_stages.h>

namespace npuwhisper {

/// Returns the GType of an enum property of the element. The first call of each function registers
/// the GType, also for the plugin's documentation. Thread-safe.
GType device_type();
GType precision_type();
GType task_type();
GType chinese_script_type();
GType vad_type();
GType output_mode_type();
GType caption_style_type();
/// Returns the GType of npu-stages, a set of flags. An empty set means auto.
GType npu_stages_type();

/// Converts between stages and flags of npu_stages_type().
guint flags_of(const NpuStages& stages);
NpuStages stages_of(guint flags);

}  // namespace npuwhisper
