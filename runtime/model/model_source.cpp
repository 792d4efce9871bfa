// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/model_source.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "model/ggml_file.h"
#include "model/model_failure.h"
#include "model/model_table.h"
#include "model/safetensors.h"
#include "model/tensor_names.h"
#include "model/torch_file.h"
#include "model/utf8.h"
#include "model/zip_directory.h"

namespace npuwhisper {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// Limits of a safetensors header and of an index of shards, in bytes. The header and the index of
/// large-v3 have about 150 KB. Parsed JSON takes up to 60 times the memory of its text.
constexpr std::uint64_t kMaxHeaderBytes = 1 << 20;
constexpr std::uint64_t kMaxIndexBytes = 1 << 20;
constexpr std::size_t kMaxShards = 256;

Result<void> add_safetensors(const ModelFile& file, std::size_t number, TensorIndex& index) {
  return index_safetensors(file.file, number, kMaxHeaderBytes, index);
}

Result<void> add_torch(const ModelFile& file, std::size_t number, TensorIndex& index) {
  const auto dims = index_torch_file(file.file, number, index);
  return dims ? Result<void>() : Result<void>(fail(dims.error()));
}

bool is_there(const fs::path& file) {
  std::error_code ignored;
  return fs::exists(file, ignored);
}

/// Returns the names of the files that an index of shards lists: {"weight_map": {tensor: file}}.
/// The files must be in the index's own folder.
Result<std::set<std::string>> read_shards(const fs::path& path) {
  const auto file = ModelFile::open(path);
  if (!file) return fail(file.error());
  const auto text = file->file.read_all(kMaxIndexBytes);
  if (!text) return file->failure(text.error());
  const Json root = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  const auto map = root.is_object() ? root.find("weight_map") : root.end();
  if (map == root.end() || !map->is_object()) {
    return file->failure({ErrorCode::CorruptModel, "found no weight_map, wanted a JSON object"});
  }
  std::set<std::string> names;
  for (const Json& value : *map) {
    const std::string name = value.is_string() ? value.get<std::string>() : std::string();
    if (name.empty() || fs::path(name).filename() != name || name == "." || name == "..") {
      return file->failure({ErrorCode::CorruptModel,
                            "weight_map: found " + in_quotes(name) + ", wanted a file name"});
    }
    names.insert(name);
  }
  if (names.empty() || names.size() > kMaxShards) {
    return file->failure(
        {ErrorCode::CorruptModel, "weight_map: found " + std::to_string(names.size()) +
                                      " files, wanted 1 to " + std::to_string(kMaxShards)});
  }
  return names;
}

Result<std::shared_ptr<const Weights>> make_weights(std::vector<ModelFile> files,
                                                    const TensorIndex& tensors, TensorNames names) {
  auto index = whisper_index(tensors, names);
  if (!index) return files.front().failure(index.error());
  return std::make_shared<const Weights>(std::move(files), std::move(*index));
}

Result<ModelSource> open_hugging_face(const fs::path& folder, const FolderFormat& format) {
  const auto add_tensors = format.format == WeightsFormat::PyTorch ? add_torch : add_safetensors;
  std::set<std::string> names = {std::string(format.file)};
  if (!is_there(folder / format.file)) {
    auto shards = read_shards(folder / format.index);
    if (!shards) return fail(shards.error());
    names = std::move(*shards);
  }
  std::vector<ModelFile> files;
  TensorIndex tensors;
  for (const std::string& name : names) {
    auto file = ModelFile::open(folder / name);
    if (!file) return fail(file.error());
    if (auto added = add_tensors(*file, files.size(), tensors); !added) {
      return file->failure(added.error());
    }
    files.push_back(std::move(*file));
  }
  auto weights = make_weights(std::move(files), tensors, TensorNames::HuggingFace);
  if (!weights) return fail(weights.error());
  const auto heads = read_hugging_face_config(folder / "config.json");
  if (!heads) return fail(heads.error());
  return ModelSource{.weights = std::move(*weights),
                     .heads = *heads,
                     .lists = {folder / "generation_config.json", folder / "config.json"},
                     .vocabulary_folder = folder,
                     .text_tokens = {}};
}

Result<ModelSource> open_ctranslate2(const fs::path& folder, const fs::path& file) {
  auto weights = Weights::load(file);
  if (!weights) return fail(weights.error());
  const auto heads = head_counts(**weights);
  if (!heads) return model_failure(file, heads.error());
  return ModelSource{.weights = std::move(*weights),
                     .heads = *heads,
                     .lists = {folder / "config.json"},
                     .vocabulary_folder = folder,
                     .text_tokens = {}};
}

Result<ModelSource> open_folder(const fs::path& folder) {
  std::string wanted;
  for (const FolderFormat& format : folder_formats()) {
    const bool has_index = !format.index.empty() && is_there(folder / format.index);
    if (has_index || is_there(folder / format.file)) {
      return format.format == WeightsFormat::CTranslate2
                 ? open_ctranslate2(folder, folder / format.file)
                 : open_hugging_face(folder, format);
    }
    wanted.append(wanted.empty() ? "" : ", ").append(format.file);
  }
  return model_failure(folder, {ErrorCode::NotFound, "found no weights, wanted one of " + wanted});
}

/// Opens a checkpoint of OpenAI, which has the sizes of the model in its "dims".
Result<ModelSource> open_checkpoint(ModelFile file) {
  TensorIndex tensors;
  const auto dims = index_torch_file(file.file, 0, tensors);
  if (!dims) return file.failure(dims.error());
  HeadCounts heads;
  for (const auto& [name, member] :
       {std::pair("n_audio_head", &HeadCounts::audio), {"n_text_head", &HeadCounts::text}}) {
    const auto count = dims->find(name);
    if (count == dims->end() || count->second < 1 || count->second > INT16_MAX) {
      return file.failure({ErrorCode::Unsupported,
                           "found no " + std::string(name) +
                               ", wanted a checkpoint of OpenAI "
                               "(Hugging Face's pytorch_model.bin: give the name of its folder)"});
    }
    heads.*member = static_cast<int>(count->second);
  }
  std::vector<ModelFile> files;
  files.push_back(std::move(file));
  auto weights = make_weights(std::move(files), tensors, TensorNames::OpenAi);
  if (!weights) return fail(weights.error());
  return ModelSource{.weights = std::move(*weights),
                     .heads = heads,
                     .lists = {},
                     .vocabulary_folder = {},
                     .text_tokens = {}};
}

Result<ModelSource> open_ggml(ModelFile file) {
  auto content = read_ggml_file(file.file);
  if (!content) return file.failure(content.error());
  // Some files list the end of text, which is a special token.
  if (!content->tokens.empty() && content->tokens.back() == "<|endoftext|>") {
    content->tokens.pop_back();
  }
  std::vector<ModelFile> files;
  files.push_back(std::move(file));
  auto weights = make_weights(std::move(files), content->tensors, TensorNames::OpenAi);
  if (!weights) return fail(weights.error());
  return ModelSource{.weights = std::move(*weights),
                     .heads = {.audio = content->n_audio_head, .text = content->n_text_head},
                     .lists = {},
                     .vocabulary_folder = {},
                     .text_tokens = std::move(content->tokens)};
}

}  // namespace

Result<ModelSource> open_model_source(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return open_folder(path);
  auto file = ModelFile::open(path);
  if (!file) return fail(file.error());
  if (is_ggml_file(file->file)) return open_ggml(std::move(*file));
  if (is_zip(file->file)) return open_checkpoint(std::move(*file));
  return file->failure({ErrorCode::Unsupported,
                        "found a file of an unknown kind, wanted a folder, a checkpoint of OpenAI "
                        "(.pt, PyTorch 1.6 or later) or a file of whisper.cpp (ggml)"});
}

}  // namespace npuwhisper
