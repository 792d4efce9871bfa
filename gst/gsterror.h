// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <npuwhisper/error.h>

#include <functional>

namespace npuwhisper {

/// Posts `error` as an ERROR message of `element`, then calls `then`. The only place where our
/// error codes meet GStreamer's. Cancelled is no error: nothing is posted.
///
/// Both happen soon, in a thread of GStreamer's own that keeps the element alive: bins around
/// transcribers stop the element on the spot when they see the message, in the thread that posts
/// it, and a thread of ours would wait for its own end. Thread-safe; holds no lock.
void post_error(GstElement* element, const Error& error, std::function<void()> then = {});
/// Likewise, that downstream failed with `flow`.
void post_flow_error(GstElement* element, GstFlowReturn flow);
/// What a pad function returns after `error`: FLUSHING for Cancelled, else ERROR.
GstFlowReturn flow_of(const Error& error);

}  // namespace npuwhisper
