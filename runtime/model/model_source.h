// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

#include "model/config.h"
#include "model/weights.h"

namespace npuwhisper {

/// The parts of a model that depend on the format of its files. Immutable; thread-safe.
struct ModelSource {
  std::shared_ptr<const Weights> weights;
  HeadCounts heads;
  /// The JSON files that may have token lists and alignment heads. The first file that has a list
  /// decides.
  std::vector<std::filesystem::path> lists;
  /// The folder whose vocabulary file belongs to the model; empty for a single file.
  std::filesystem::path vocabulary_folder;
  /// The bytes of the text tokens of a single file that has them, by ID; empty for other formats.
  std::vector<std::string> text_tokens;
};

/// Opens the files of a model, but reads no weights. `path` is one of:
///  - a folder with model.bin (CTranslate2);
///  - a folder with model.safetensors, model.safetensors.index.json and its files,
///    pytorch_model.bin, or pytorch_model.bin.index.json and its files (Hugging Face);
///  - a file of torch.save() (OpenAI's NAME.pt);
///  - a file of whisper.cpp (ggml-NAME.bin).
/// The content of a file, not its name, determines its format. Reentrant. Errors: NotFound,
/// Unavailable (no permission), CorruptModel, Unsupported. Messages name the file.
Result<ModelSource> open_model_source(const std::filesystem::path& path);

}  // namespace npuwhisper
