// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

/// The debug category "npuwhisper" of the runtime's log and of this plugin. Only texttocea608 has a
/// category of its own.
GST_DEBUG_CATEGORY_EXTERN(npuwhisper_debug);
#define GST_CAT_DEFAULT npuwhisper_debug
