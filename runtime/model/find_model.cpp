// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <npuwhisper/engine.h>
#include <npuwhisper/guarded.h>

#include "model/model_folders.h"

namespace npuwhisper {
namespace {

namespace fs = std::filesystem;

/// Returns the folder where huggingface_hub keeps its downloads.
std::optional<fs::path> hub_cache() {
  if (auto hub = path_from_environment("HF_HUB_CACHE")) return hub;
  if (auto home = path_from_environment("HF_HOME")) return *home / "hub";
  if (auto cache = cache_home()) return *cache / "huggingface" / "hub";
  return std::nullopt;
}

/// Returns whether `folder` has a model.bin. Does not check the file: Model::load() does.
bool holds_model(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / "model.bin", ignored);
}

/// Returns the snapshots in `folder`, sorted by path. The caller may use any snapshot that has a
/// model.bin.
std::vector<fs::path> snapshots(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    found.push_back(entry->path());
  }
  std::ranges::sort(found);
  return found;
}

/// Searches places for a model, in order, and lists the places in the error message.
class Search {
 public:
  bool try_folder(const fs::path& folder) {
    places_.push_back(folder);
    if (!holds_model(folder)) return false;
    found_ = folder;
    return true;
  }

  bool try_snapshots(const fs::path& folder) {
    places_.push_back(folder);
    for (fs::path& snapshot : snapshots(folder)) {
      if (!holds_model(snapshot)) continue;
      found_ = std::move(snapshot);
      return true;
    }
    return false;
  }

  Result<fs::path> result(const std::string& name) const {
    if (!found_.empty()) return found_;
    std::string message = "model '" + name + "': no model.bin in ";
    for (const fs::path& place : places_) message.append("'").append(place.string()).append("', ");
    return fail(ErrorCode::NotFound, message + "run npuwhisper-models fetch " + name);
  }

 private:
  std::vector<fs::path> places_;
  fs::path found_;
};

Result<std::filesystem::path> find_unguarded(const std::string& name_or_path) {
  if (name_or_path.empty()) {
    return fail(ErrorCode::InvalidArgument, "model: found '', wanted a name or a folder");
  }
  const fs::path given(name_or_path);
  // Anything except a plain name is a path. A path is never joined to the places below.
  const bool is_name = given.filename() == given && name_or_path != "." && name_or_path != "..";
  if (!is_name) {
    if (holds_model(given)) return given;
    return fail(ErrorCode::NotFound, "model '" + name_or_path + "': no model.bin in this folder");
  }

  Search search;
  if (search.try_folder(given)) return search.result(name_or_path);
  if (const auto folder = path_from_environment("NPUWHISPER_MODEL_DIR")) {
    if (search.try_folder(*folder / given)) return search.result(name_or_path);
    const fs::path own_name =
        folder->has_filename() ? folder->filename() : folder->parent_path().filename();
    if (own_name == given && search.try_folder(*folder)) return search.result(name_or_path);
  }
  if (const auto cache = cache_home()) {
    if (search.try_folder(*cache / "npuwhisper" / given)) return search.result(name_or_path);
  }
  if (const auto hub = hub_cache()) {
    search.try_snapshots(*hub / ("models--Systran--faster-whisper-" + name_or_path) / "snapshots");
  }
  return search.result(name_or_path);
}

}  // namespace

Result<std::filesystem::path> find_model(const std::string& name_or_path) {
  return guarded("model", [&] { return find_unguarded(name_or_path); });
}

}  // namespace npuwhisper
