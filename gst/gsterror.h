// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <npuwhisper/error.h>

#include <new>
#include <utility>

namespace npuwhisper {

/// Calls `call(element, data)` and `destroy(data)` in a thread of their own, or in this one where
/// the system gives none. Keeps the element alive until then. Unlike gst_element_call_async(),
/// which keeps what it has no thread for until it has one. Thread-safe.
void call_soon(GstElement* element, GstElementCallAsyncFunc call, gpointer data,
               GDestroyNotify destroy) noexcept;

/// Posts `error` as an ERROR message of `element`, in this thread: for state changes, in which bins
/// expect it. The only place, with those below, where our error codes meet GStreamer's. Cancelled
/// is no error: nothing is posted. Thread-safe; holds no lock.
void post_error_now(GstElement* element, ErrorCode code, const char* message) noexcept;

/// The same, soon, then calls `then()`, which must not throw.
///
/// Both happen in a thread of their own that keeps the element alive: bins around transcribers stop
/// the element on the spot when they see the message, in the thread that posts it, and a thread of
/// ours would wait for its own end. Where the system gives no thread, they happen in this one. All
/// memory for it is GLib's, so that it can be told that there is none. Thread-safe; holds no lock.
template <typename Then>
void post_error(GstElement* element, const Error& error, Then then) noexcept {
  struct Job {
    ErrorCode code;
    gchar* message;
    Then then;
  };
  const auto call = [](GstElement* self, gpointer data) {
    auto* job = static_cast<Job*>(data);
    post_error_now(self, job->code, job->message);
    job->then();
  };
  const auto destroy = [](gpointer data) {
    auto* job = static_cast<Job*>(data);
    g_free(job->message);
    job->~Job();
    g_free(job);
  };
  Job* job =
      new (g_malloc(sizeof(Job))) Job{error.code, g_strdup(error.message.c_str()), std::move(then)};
  call_soon(element, call, job, destroy);
}
inline void post_error(GstElement* element, const Error& error) noexcept {
  post_error(element, error, [] {});
}
/// Likewise, that downstream failed with `flow`.
void post_flow_error(GstElement* element, GstFlowReturn flow) noexcept;
/// What a pad function returns after `error`: FLUSHING for Cancelled, else ERROR.
GstFlowReturn flow_of(const Error& error);

}  // namespace npuwhisper
