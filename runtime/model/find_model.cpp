// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/engine.h>
#include <npuwhisper/guarded.h>

#include "model/model_folders.h"
#include "model/model_places.h"
#include "model/model_table.h"

namespace npuwhisper {
namespace {

namespace fs = std::filesystem;

/// Returns the texts of the places in quotes, separated by commas, without duplicates.
std::string list_places(const std::vector<ModelPlace>& places) {
  std::vector<std::string> texts;
  for (const ModelPlace& place : places) {
    std::string text = "'" + place.shown + "'";
    if (std::ranges::find(texts, text) == texts.end()) texts.push_back(std::move(text));
  }
  std::string joined;
  for (const std::string& text : texts) joined.append(joined.empty() ? "" : ", ").append(text);
  return joined;
}

/// Returns the last part of the message for a model that was not found: advice for the user.
std::string advice(const std::string& name, const std::optional<NamedModel>& known) {
  if (!known) {
    std::string text;
    for (const std::string_view known_name : known_names(name)) {
      text.append(text.empty() ? "the known names are " : ", ").append(known_name);
    }
    return text;
  }
  const std::string own_name(known->model->name);
  const std::string quantised = "quantised files are not fetched; for model '" + own_name + "', ";
  return (known->quantisation.empty() ? "" : quantised) + "run npuwhisper-models fetch " + own_name;
}

Result<fs::path> find_by_name(const std::string& name) {
  const auto known = resolve_model(name);
  std::vector<ModelPlace> places;
  // The working directory is searched only for a name that is not in the table. Otherwise, the
  // owner of that directory could replace a model that the user expects elsewhere.
  if (!known) places.push_back({name, name});
  for (ModelPlace& place : model_places(name, known)) places.push_back(std::move(place));
  for (const ModelPlace& place : places) {
    if (looks_like_model(place.path)) return place.path;
  }
  return fail(ErrorCode::NotFound, "model '" + name + "': found no model in " +
                                       list_places(places) + "; " + advice(name, known));
}

Result<fs::path> find_unguarded(const std::string& name_or_path) {
  if (name_or_path.empty()) {
    return fail(ErrorCode::InvalidArgument, "model: found '', wanted a name or a path");
  }
  const fs::path given(name_or_path);
  // Anything except a plain name is a path. A path is never joined to the places of names.
  const bool is_name = given.filename() == given && name_or_path != "." && name_or_path != "..";
  if (is_name) return find_by_name(name_or_path);
  if (has_weights(given)) return given;
  return fail(ErrorCode::NotFound, "model '" + name_or_path +
                                       "': found no model at this path, wanted a folder with "
                                       "weights, or a file NAME.pt or NAME.bin");
}

}  // namespace

Result<std::filesystem::path> find_model(const std::string& name_or_path) {
  return guarded("model", [&] { return find_unguarded(name_or_path); });
}

}  // namespace npuwhisper
