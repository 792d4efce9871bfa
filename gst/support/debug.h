// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

/// The debug category "npuwhisper". It is used by this plugin, except texttocea608, and for the
/// runtime's log.
GST_DEBUG_CATEGORY_EXTERN(npuwhisper_debug);
#define GST_CAT_DEFAULT npuwhisper_debug
