// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <memory>

#include <npuwhisper/result.h>

#include "model/config.h"
#include "model/tokenizer.h"
#include "model/weights.h"

namespace npuwhisper {

/// A Whisper model as it lies on disk: configuration, tokenizer, weights. Immutable; thread-safe.
struct Model {
  std::filesystem::path folder;
  ModelConfig config;
  std::shared_ptr<const Weights> weights;
  std::unique_ptr<const Tokenizer> tokenizer;

  /// Reads a CTranslate2 Whisper folder (model.bin, config.json, vocabulary.* or tokenizer.json)
  /// and checks that every variable of whisper_variables() is there, in a floating-point type, with
  /// the dimensions that its neighbours imply. Errors: NotFound, Unavailable (no rights),
  /// CorruptModel, Unsupported (quantised weights, other versions). A message names the file.
  static Result<std::shared_ptr<const Model>> load(const std::filesystem::path& folder);
};

}  // namespace npuwhisper
