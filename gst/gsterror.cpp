// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gsterror.h"

#include <utility>

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

void post_now(GstElement* element, const Error& error) {
  const GstCode gst = gst_code_of(error.code);
  const std::string debug(to_string(error.code));
  gst_element_message_full(element, GST_MESSAGE_ERROR, gst.domain, gst.code,
                           g_strdup(error.message.c_str()), g_strdup(debug.c_str()), __FILE__,
                           __func__, __LINE__);
}

using Job = std::function<void(GstElement*)>;

void call_soon(GstElement* element, Job job) {
  gst_element_call_async(
      element, [](GstElement* self, gpointer data) { (*static_cast<Job*>(data))(self); },
      new Job(std::move(job)), [](gpointer data) { delete static_cast<Job*>(data); });
}

}  // namespace

void post_error(GstElement* element, const Error& error, std::function<void()> then) {
  call_soon(element, [error, then = std::move(then)](GstElement* self) {
    if (error.code != ErrorCode::Cancelled) post_now(self, error);
    if (then) then();
  });
}

void post_flow_error(GstElement* element, GstFlowReturn flow) {
  call_soon(element, [flow](GstElement* self) { GST_ELEMENT_FLOW_ERROR(self, flow); });
}

GstFlowReturn flow_of(const Error& error) {
  return error.code == ErrorCode::Cancelled ? GST_FLOW_FLUSHING : GST_FLOW_ERROR;
}

}  // namespace npuwhisper
