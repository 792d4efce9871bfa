// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gsterror.h"

namespace npuwhisper {
namespace {

struct GstCode {
  GQuark domain;
  int code;
};

GstCode gst_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::InvalidArgument:
      return {GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS};
    case ErrorCode::NotFound:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND};
    case ErrorCode::Unavailable:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_BUSY};
    case ErrorCode::Unsupported:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS};
    case ErrorCode::CorruptModel:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ};
    case ErrorCode::DeviceError:
    case ErrorCode::Timeout:
    case ErrorCode::Cancelled:
      break;
  }
  return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_FAILED};
}

struct Soon {
  GstElement* element;
  GSList* ancestors;
  GstElementCallAsyncFunc call;
  gpointer data;
  GDestroyNotify destroy;
};

// Returns the bins around `object`, outermost first, with a reference to each. The bins must be
// kept alive: a bin forwards its elements' messages without a reference to itself (GStreamer 1.22),
// and a state change does not wait for the thread that posts the message.
GSList* ref_ancestors(GstObject* object) {
  GSList* ancestors = nullptr;
  for (GstObject* parent = gst_object_get_parent(object); parent != nullptr;
       parent = gst_object_get_parent(parent)) {
    ancestors = g_slist_prepend(ancestors, parent);
  }
  return ancestors;
}

gpointer run(gpointer data) {
  const Soon soon = *static_cast<Soon*>(data);
  g_free(data);
  soon.call(soon.element, soon.data);
  soon.destroy(soon.data);
  g_slist_free_full(soon.ancestors, gst_object_unref);
  gst_object_unref(soon.element);
  return nullptr;
}

}  // namespace

void post_error_now(GstElement* element, ErrorCode code, const char* message) noexcept {
  if (code == ErrorCode::Cancelled) return;
  const GstCode gst = gst_code_of(code);
  gst_element_message_full(element, GST_MESSAGE_ERROR, gst.domain, gst.code, g_strdup(message),
                           g_strdup(to_string(code).data()), __FILE__, __func__, __LINE__);
}

void call_soon(GstElement* element, GstElementCallAsyncFunc call, gpointer data,
               GDestroyNotify destroy) noexcept {
  auto* soon = g_new(Soon, 1);
  *soon = {GST_ELEMENT(gst_object_ref(element)), ref_ancestors(GST_OBJECT(element)), call, data,
           destroy};
  if (GThread* thread = g_thread_try_new("npuwhisper-error", run, soon, nullptr)) {
    g_thread_unref(thread);
  } else {
    run(soon);
  }
}

void post_flow_error(GstElement* element, GstFlowReturn flow) noexcept {
  call_soon(
      element,
      [](GstElement* self, gpointer failed) {
        const auto flow_return = static_cast<GstFlowReturn>(GPOINTER_TO_INT(failed));
        GST_ELEMENT_FLOW_ERROR(self, flow_return);
      },
      GINT_TO_POINTER(flow), [](gpointer) {});
}

GstFlowReturn flow_of(const Error& error) {
  return error.code == ErrorCode::Cancelled ? GST_FLOW_FLUSHING : GST_FLOW_ERROR;
}

}  // namespace npuwhisper
