// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>

#include <npuwhisper/transcriber.h>

#include "api_error.h"
#include "served_models.h"

namespace npuwhisper::server {

/// The values of response_format.
enum class AnswerFormat { Json, Text, Srt, VerboseJson, Vtt };

/// A request to /v1/audio/transcriptions or /v1/audio/translations, without its file.
struct AudioRequest {
  const ServedModel* model = nullptr;
  AnswerFormat format = AnswerFormat::Json;
  bool streams = false;      ///< Answers with Server-Sent Events.
  bool has_segments = true;  ///< verbose_json contains segments.
  bool has_words = false;    ///< verbose_json contains words.
  TranscriberOptions options;
};

/// The fields of a form, by name. A name that ends in "[]" may occur more than once; its values are
/// separated by commas.
using FormFields = std::map<std::string, std::string, std::less<>>;

/// Adds a field of a form. A later value of the same name replaces the earlier value, except for
/// names that end in "[]".
void add_field(FormFields& fields, const std::string& name, std::string value);

/// Reads the fields of a request. Ignores unknown fields. `defaults` provides the options that
/// requests cannot set. The result refers to `models`. An error has the status 400 or 404, the
/// field, the value found and the values wanted.
std::variant<AudioRequest, ApiError> read_audio_request(const FormFields& fields, Task task,
                                                        const ServedModels& models,
                                                        const TranscriberOptions& defaults);

}  // namespace npuwhisper::server
