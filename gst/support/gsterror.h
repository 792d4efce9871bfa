// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <npuwhisper/error.h>

#include <new>
#include <utility>

namespace npuwhisper {

/// Calls `call(element, data)` and `destroy(data)` in a new thread, or in the calling thread if the
/// system provides none. Keeps the element alive until both calls have returned. In contrast,
/// gst_element_call_async() may delay the call until a thread is free. Thread-safe.
void call_soon(GstElement* element, GstElementCallAsyncFunc call, gpointer data,
               GDestroyNotify destroy) noexcept;

/// Posts an ERROR message of `element` in the calling thread, as bins expect during state changes.
/// Maps `code`, an error code of the runtime, to a code of GStreamer. Posts nothing for Cancelled,
/// which is not an error. Thread-safe; holds no lock.
void post_error_now(GstElement* element, ErrorCode code, const char* message) noexcept;

/// Posts `error` as an ERROR message of `element`, asynchronously, then calls `then()`. Posts
/// nothing if `is_current()` returns false just before: the stream of the error has been stopped,
/// and a program would take the message for an error of the next stream. Neither function may
/// throw.
///
/// The message is posted, and `then` is called, in a new thread that keeps the element alive. Bins
/// around transcribers stop the element as soon as they see the message, in the thread that posts
/// it. If a thread of the element posted the message, this thread would wait for its own end. If
/// the system provides no thread, the calling thread is used. All memory is allocated by GLib,
/// which does not throw, so that std::bad_alloc can be reported too. Thread-safe; holds no lock.
template <typename IsCurrent, typename Then>
void post_error(GstElement* element, const Error& error, IsCurrent is_current, Then then) noexcept {
  struct Job {
    ErrorCode code;
    gchar* message;
    IsCurrent is_current;
    Then then;
  };
  const auto call = [](GstElement* self, gpointer data) {
    auto* job = static_cast<Job*>(data);
    if (job->is_current()) post_error_now(self, job->code, job->message);
    job->then();
  };
  const auto destroy = [](gpointer data) {
    auto* job = static_cast<Job*>(data);
    g_free(job->message);
    job->~Job();
    g_free(job);
  };
  Job* job = new (g_malloc(sizeof(Job)))
      Job{error.code, g_strdup(error.message.c_str()), std::move(is_current), std::move(then)};
  call_soon(element, call, job, destroy);
}
/// Posts `error` like post_error() with `is_current`, but without checking whether the error is
/// still current.
template <typename Then>
void post_error(GstElement* element, const Error& error, Then then) noexcept {
  post_error(
      element, error, [] { return true; }, std::move(then));
}
inline void post_error(GstElement* element, const Error& error) noexcept {
  post_error(element, error, [] {});
}
/// Asynchronously posts an ERROR message that downstream failed with `flow` (see call_soon()).
void post_flow_error(GstElement* element, GstFlowReturn flow) noexcept;
/// Returns the result of a pad function after `error`: FLUSHING for Cancelled, otherwise ERROR.
GstFlowReturn flow_of(const Error& error);

}  // namespace npuwhisper
