// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

/// The debug category "texttocea608".
GST_DEBUG_CATEGORY_EXTERN(text_to_cea608_debug);
#define GST_CAT_DEFAULT text_to_cea608_debug
