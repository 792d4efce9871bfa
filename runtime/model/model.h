// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <memory>

#include <npuwhisper/result.h>

#include "model/config.h"
#include "model/tokenizer.h"
#include "model/weights.h"

namespace npuwhisper {

/// A Whisper model in a folder: configuration, tokenizer and weights. Immutable; thread-safe.
struct Model {
  std::filesystem::path folder;
  ModelConfig config;
  std::shared_ptr<const Weights> weights;
  std::unique_ptr<const Tokenizer> tokenizer;

  /// Reads a CTranslate2 Whisper folder (model.bin, config.json, vocabulary.* or tokenizer.json).
  /// Checks that every variable of whisper_variables() exists, has a floating-point type, and has
  /// the dimensions that the configuration implies. Errors: NotFound, Unavailable (no permission),
  /// CorruptModel, Unsupported (quantised weights, other versions). Messages name the file.
  static Result<std::shared_ptr<const Model>> load(const std::filesystem::path& folder);
};

}  // namespace npuwhisper
