// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/config.h"

namespace npuwhisper {

/// The sizes of a published Whisper model, named as in ModelConfig. The other sizes are the same in
/// all models.
struct KnownShape {
  int n_mels = 0;
  int n_state = 0;
  int n_audio_layer = 0;
  int n_text_layer = 0;
  int n_vocab = 0;
};

/// A published Whisper model: its names, and the names under which other programs store it. The
/// table is generated from tools/models.json, which is also the table of npuwhisper-models.
struct KnownModel {
  std::string_view name;
  std::vector<std::string_view> aliases;
  KnownShape shape;
  /// Repositories on the Hugging Face hub with the model in CTranslate2's format, as in
  /// "Systran/faster-whisper-base".
  std::vector<std::string_view> ctranslate2;
  std::string_view original;  ///< The authors' repository, in the format of transformers.
  bool is_openai = false;     ///< Whether openai-whisper stores the model as NAME.pt.
  /// Names of whisper.cpp's files without the quantisation and ".bin", as in "ggml-base".
  std::vector<std::string_view> ggml;
  /// The authors' repository on the Hugging Face hub with this model in whisper.cpp's format. It is
  /// searched after whisper.cpp's own repository. Empty: the authors have no such repository.
  std::string_view ggml_repository;
};

/// The file format of the weights in a folder.
enum class WeightsFormat { CTranslate2, Safetensors, PyTorch };

/// The names of the weight files in a folder. The table of formats is generated from
/// tools/models.json.
struct FolderFormat {
  WeightsFormat format = WeightsFormat::CTranslate2;
  std::string_view file;   ///< Name of the file if there is only one: "model.safetensors".
  std::string_view index;  ///< Name of the index of several files. Empty: always one file.
};

/// Returns all formats of folders, in the order in which they are tried. Thread-safe; the formats
/// live as long as the process.
const std::vector<FolderFormat>& folder_formats();

/// Returns all models. Thread-safe; the models live as long as the process.
const std::vector<KnownModel>& known_models();

/// Returns the sizes of a model of the table and the alignment heads that Model::load() finds. The
/// other lists stay empty.
ModelConfig config_of(const KnownModel& model);

/// Returns whether the model transcribes only English.
bool is_english_only(const KnownModel& model);

/// A model of the table that a user selects by a name (base) or an alias (turbo). The name or the
/// alias may have a quantisation (base-q5_1).
struct NamedModel {
  const KnownModel* model = nullptr;  ///< Never null in the result of resolve_model().
  std::string_view quantisation;      ///< Empty if the user's name has no quantisation.
};

/// Returns the model that `name` selects; nullopt if the table does not contain the name.
std::optional<NamedModel> resolve_model(std::string_view name);

/// Returns all names and aliases of the table, the most similar to `name` (by edit distance) first.
std::vector<std::string_view> known_names(std::string_view name);

}  // namespace npuwhisper
