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

}  // namespace

void post_error(GstElement* element, const Error& error) {
  if (error.code == ErrorCode::Cancelled) return;
  const GstCode gst = gst_code_of(error.code);
  const std::string debug(to_string(error.code));
  gst_element_message_full(element, GST_MESSAGE_ERROR, gst.domain, gst.code,
                           g_strdup(error.message.c_str()), g_strdup(debug.c_str()), __FILE__,
                           __func__, __LINE__);
}

GstFlowReturn flow_of(const Error& error) {
  return error.code == ErrorCode::Cancelled ? GST_FLOW_FLUSHING : GST_FLOW_ERROR;
}

}  // namespace npuwhisper
