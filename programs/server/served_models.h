// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/engine.h>
#include <npuwhisper/result.h>

namespace npuwhisper::server {

/// A model that requests can name.
struct ServedModel {
  std::string name;  ///< As in --model; the last part of a path.
  std::shared_ptr<Engine> engine;
  std::int64_t loaded_at = 0;  ///< Unix time in seconds.
};

/// The models of the server. Requests choose one by its name, never by a path. Reentrant; const
/// functions are thread-safe.
class ServedModels {
 public:
  /// Another name of the first model, for clients that name OpenAI's model.
  static constexpr std::string_view kAlias = "whisper-1";

  /// Loads the models `names` (names or paths, see find_model()) with the options of `engine`.
  /// Errors: InvalidArgument (no model, or two models with one name), and those of Engine::open().
  static Result<ServedModels> open(std::span<const std::string> names, EngineOptions engine);
  /// Creates a table of models that are already loaded. `models` is not empty.
  explicit ServedModels(std::vector<ServedModel> models) : models_(std::move(models)) {}

  /// Returns the model with this name, or nullptr. kAlias names the first model, unless a model has
  /// this name.
  const ServedModel* find(std::string_view name) const;
  const std::vector<ServedModel>& all() const { return models_; }
  /// Returns the names of all models, separated by commas.
  std::string names() const;

 private:
  std::vector<ServedModel> models_;
};

}  // namespace npuwhisper::server
