// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <npuwhisper/error.h>

namespace npuwhisper {

/// Posts `error` as an ERROR message of `element`. The only place where our error codes meet
/// GStreamer's. Cancelled is no error and posts nothing. Thread-safe; holds no lock.
void post_error(GstElement* element, const Error& error);
/// What a pad function returns after `error`: FLUSHING for Cancelled, else ERROR.
GstFlowReturn flow_of(const Error& error);

}  // namespace npuwhisper
