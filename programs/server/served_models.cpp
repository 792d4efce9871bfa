// SPDX-License-Identifier: LGPL-2.1-or-later
#include "served_models.h"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <utility>

namespace npuwhisper::server {
namespace {

/// Returns the name by which requests name a model: the last part of a path.
std::string public_name(const std::string& name_or_path) {
  const std::filesystem::path path(name_or_path);
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

}  // namespace

Result<ServedModels> ServedModels::open(std::span<const std::string> names, EngineOptions engine) {
  if (names.empty()) return fail(ErrorCode::InvalidArgument, "no model, wanted at least one");
  std::vector<ServedModel> models;
  for (const std::string& name : names) {
    ServedModel model{.name = public_name(name), .engine = nullptr};
    if (std::ranges::find(models, model.name, &ServedModel::name) != models.end()) {
      return fail(ErrorCode::InvalidArgument,
                  "model '" + name + "': another model has the name '" + model.name + "'");
    }
    engine.model = name;
    auto opened = Engine::open(engine);
    if (!opened) return fail(opened.error());
    model.engine = *std::move(opened);
    model.loaded_at = std::time(nullptr);
    models.push_back(std::move(model));
  }
  return ServedModels(std::move(models));
}

const ServedModel* ServedModels::find(std::string_view name) const {
  const auto found = std::ranges::find(models_, name, &ServedModel::name);
  if (found != models_.end()) return &*found;
  return name == kAlias ? &models_.front() : nullptr;
}

std::string ServedModels::names() const {
  std::string text;
  for (const ServedModel& model : models_) text += (text.empty() ? "" : ", ") + model.name;
  return text;
}

}  // namespace npuwhisper::server
