// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pipeline_error.h"

#include <string>
#include <string_view>
#include <utility>

#include "gst_owned.h"

namespace npuwhisper::cli {
namespace {

constexpr const char* kNoAudio = "it contains no audio";

/// Returns true if `object` reads from a network.
bool is_network_source(GstObject* object) {
  if (!GST_IS_ELEMENT(object)) return false;
  const char* klass = gst_element_get_metadata(GST_ELEMENT(object), GST_ELEMENT_METADATA_KLASS);
  return klass != nullptr && std::string_view(klass).find("Source/Network") != std::string::npos;
}

/// Returns the message for an error of a network source. Replaces GStreamer's text if the
/// connection failed or the file does not exist. Appends the HTTP status if it is known, except for
/// a failed connection.
std::string network_error(GstMessage* message, const GError& error) {
  if (g_error_matches(&error, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED)) {
    return "the server is unreachable or closed the connection";
  }
  const GstStructure* details = nullptr;
  gst_message_parse_error_details(message, &details);
  guint status = 0;
  if (details != nullptr) gst_structure_get_uint(details, "http-status-code", &status);
  std::string text = error.message;
  if (g_error_matches(&error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND)) {
    text = "the server has no such file";
  }
  return status == 0 ? text : text + " (HTTP status " + std::to_string(status) + ")";
}

}  // namespace

void PipelineError::note(GstMessage* message) {
  if (auto missing = read_missing_plugin(message)) missing_.push_back(*std::move(missing));
}

Error PipelineError::translate(GstMessage* message) const {
  GError* raw_error = nullptr;
  gchar* raw_debug = nullptr;
  gst_message_parse_error(message, &raw_error, &raw_debug);
  const Owned<GError> error(raw_error);
  const Owned<gchar> debug(raw_debug);
  // decodebin also reports a missing plugin for a file whose streams are all of unwanted kinds.
  if (g_error_matches(error.get(), GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN)) {
    for (const MissingPlugin& missing : missing_) {
      using Kind = MissingPlugin::Kind;
      switch (missing.kind) {
        case Kind::Audio:
          return {ErrorCode::Unsupported, "its audio cannot be decoded: " + to_string(missing)};
        case Kind::Source:
        case Kind::Other:
          return {ErrorCode::Unsupported, "cannot be opened: " + to_string(missing)};
        case Kind::Video:
        case Kind::Text:
          break;
      }
    }
    return {ErrorCode::Unsupported, kNoAudio};
  }
  if (g_error_matches(error.get(), GST_PARSE_ERROR, GST_PARSE_ERROR_DELAYED_LINK)) {
    return {ErrorCode::Unsupported, kNoAudio};
  }
  if (is_network_source(GST_MESSAGE_SRC(message))) {
    return {ErrorCode::Unavailable, network_error(message, *error)};
  }
  if (g_error_matches(error.get(), GST_STREAM_ERROR, GST_STREAM_ERROR_TYPE_NOT_FOUND)) {
    return {ErrorCode::Unsupported,
            std::string("not recognised as audio or video: ") + error->message};
  }
  std::string text = error->message;
  // The last line of the debug text states the cause. Earlier lines name the place in GStreamer's
  // source code.
  const std::string_view lines = debug ? debug.get() : "";
  const auto last = lines.rfind('\n');
  if (last != std::string_view::npos && last + 1 < lines.size()) {
    text.append(" (").append(lines.substr(last + 1)).append(")");
  }
  return {ErrorCode::Unavailable, std::move(text)};
}

}  // namespace npuwhisper::cli
