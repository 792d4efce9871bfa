// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <memory>

#include <npuwhisper/result.h>

#include "model/config.h"
#include "model/tokenizer.h"
#include "model/weights.h"

namespace npuwhisper {

/// A Whisper model: configuration, tokenizer and weights. Immutable; thread-safe.
struct Model {
  std::filesystem::path path;  ///< The folder or file from which the model was loaded.
  ModelConfig config;
  std::shared_ptr<const Weights> weights;
  std::unique_ptr<const Tokenizer> tokenizer;

  /// Reads a folder or file in one of the formats of open_model_source(). Checks that every
  /// variable of whisper_variables() exists, consists of real numbers, and has the dimensions that
  /// the configuration implies. Facts that the files do not have, such as the vocabulary of a
  /// checkpoint, are those that OpenAI published for models of these sizes (published_models.h).
  /// Without published alignment heads, all heads of the last half of the decoder's layers are
  /// used, as in openai/whisper. Errors: NotFound, Unavailable (no permission), CorruptModel,
  /// Unsupported. Messages name the file.
  static Result<std::shared_ptr<const Model>> load(const std::filesystem::path& path);
};

}  // namespace npuwhisper
