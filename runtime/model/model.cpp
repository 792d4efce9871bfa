// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/model.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "model/variables.h"

namespace npuwhisper {
namespace {

/// Limit of the total size of a model's variables, as a multiple of the file's size.
constexpr std::uint64_t kMaxUses = 2;

Failure in_file(const std::filesystem::path& file, const Error& error) {
  return fail(error.code, "model '" + file.string() + "': " + error.message);
}

Result<void> check_type(const Variable& variable) {
  const DataType type = variable.type;
  if (type == DataType::F32 || type == DataType::F16 || type == DataType::Bf16) return {};
  return fail(ErrorCode::Unsupported, "variable '" + variable.name + "': found " +
                                          std::string(to_string(type)) +
                                          ", wanted f32, f16 or bf16");
}

Result<void> check_variables(const std::filesystem::path& file, const Weights& weights,
                             const ModelConfig& config) {
  std::uint64_t total = 0;
  for (const VariableShape& shape : whisper_variables(config)) {
    const auto variable = weights.get(shape.name, shape.dims);
    if (!variable) return fail(variable.error());
    if (auto checked = check_type(**variable); !checked) return in_file(file, checked.error());
    total += (*variable)->n_bytes;
  }
  // A variable may have several names: Whisper's embeddings may have two, and a variable of zeros
  // may have many. Each name is packed separately, so a limit keeps memory from growing far beyond
  // the size of the file.
  const std::uint64_t wanted = kMaxUses * weights.file_bytes();
  if (total > wanted) {
    return in_file(file, {ErrorCode::CorruptModel,
                          "variables and their aliases: found " + std::to_string(total) +
                              " bytes, wanted at most " + std::to_string(wanted) + ", " +
                              std::to_string(kMaxUses) + " times the file"});
  }
  return {};
}

/// Rejects models that suppress the end-of-text token. Whisper's own lists never contain this
/// token. If this token were suppressed, every window would be decoded to the maximum length.
Result<void> check_suppressed(const std::filesystem::path& file, const ModelConfig& config,
                              Token eot) {
  if (std::ranges::find(config.suppress_tokens, eot) == config.suppress_tokens.end()) return {};
  return fail(ErrorCode::CorruptModel, "config '" + file.string() + "': suppress_ids: found " +
                                           std::to_string(eot) +
                                           ", the end of text, wanted other tokens");
}

}  // namespace

Result<std::shared_ptr<const Model>> Model::load(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "model.bin";
  auto weights = Weights::load(file);
  if (!weights) return fail(weights.error());
  auto config = config_from_weights(**weights);
  if (!config) return in_file(file, config.error());
  if (auto checked = check_variables(file, **weights, *config); !checked) {
    return fail(checked.error());
  }
  const std::filesystem::path config_file = folder / "config.json";
  if (auto read = read_config_json(config_file, *config); !read) return fail(read.error());
  auto tokenizer = Tokenizer::load(folder, *config);
  if (!tokenizer) return fail(tokenizer.error());
  const Token eot = (*tokenizer)->special().eot;
  if (auto checked = check_suppressed(config_file, *config, eot); !checked) {
    return fail(checked.error());
  }
  const auto languages = (*tokenizer)->language_tokens();
  config->language_tokens.assign(languages.begin(), languages.end());

  auto model = std::make_shared<Model>();
  model->folder = folder;
  model->config = std::move(*config);
  model->weights = std::move(*weights);
  model->tokenizer = std::move(*tokenizer);
  return std::shared_ptr<const Model>(std::move(model));
}

}  // namespace npuwhisper
