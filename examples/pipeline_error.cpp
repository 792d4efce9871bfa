// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pipeline_error.h"

#include <string_view>
#include <utility>

#include "gst_owned.h"

namespace npuwhisper::cli {

void PipelineError::note(GstMessage* message) {
  const GstStructure* fields = gst_message_get_structure(message);
  if (fields == nullptr || !gst_structure_has_name(fields, "missing-plugin")) return;
  const char* name = gst_structure_get_string(fields, "name");
  missing_ = name == nullptr ? "it" : name;
}

Error PipelineError::translate(GstMessage* message) const {
  GError* raw_error = nullptr;
  gchar* raw_debug = nullptr;
  gst_message_parse_error(message, &raw_error, &raw_debug);
  const Owned<GError> error(raw_error);
  const Owned<gchar> debug(raw_debug);
  // decodebin says this of a file whose streams are all of kinds that we do not want, too.
  if (g_error_matches(error.get(), GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN)) {
    return {ErrorCode::Unsupported,
            missing_.empty() ? "there is no audio in it"
                             : "no audio that can be decoded: GStreamer has no " + missing_};
  }
  if (g_error_matches(error.get(), GST_PARSE_ERROR, GST_PARSE_ERROR_DELAYED_LINK)) {
    return {ErrorCode::Unsupported, "there is no audio in it"};
  }
  std::string text = error->message;
  // The debug text's last line says why; those before it say where in GStreamer's sources.
  const std::string_view lines = debug ? debug.get() : "";
  const auto last = lines.rfind('\n');
  if (last != std::string_view::npos && last + 1 < lines.size()) {
    text.append(" (").append(lines.substr(last + 1)).append(")");
  }
  return {ErrorCode::Unavailable, std::move(text)};
}

}  // namespace npuwhisper::cli
