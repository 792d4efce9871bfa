// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/model_places.h"

#include <algorithm>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "model/model_folders.h"

namespace npuwhisper {
namespace {

namespace fs = std::filesystem;

/// Returns the folder of `repository` in the Hugging Face cache `hub`.
fs::path repository_folder(const fs::path& hub, std::string_view repository) {
  std::string name = "models--" + std::string(repository);
  if (const auto slash = name.find('/'); slash != std::string::npos) name.replace(slash, 1, "--");
  return hub / name;
}

/// Returns the snapshots of a repository: the snapshot of branch main first, then the others by
/// name.
std::vector<fs::path> snapshots(const fs::path& repository) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(repository / "snapshots", error), end; !error && entry != end;
       entry.increment(error)) {
    found.push_back(entry->path());
  }
  std::ranges::sort(found);
  std::string main;
  std::ifstream(repository / "refs" / "main") >> main;
  std::stable_partition(found.begin(), found.end(),
                        [&](const fs::path& path) { return path.filename() == main; });
  return found;
}

/// Collects the places of one model.
class Places {
 public:
  Places(const std::string& name, const std::optional<NamedModel>& known) : known_(known) {
    folder_names_.push_back(name);
    if (!known) return;
    std::string own_name(known->model->name);
    if (!known->quantisation.empty()) own_name.append("-").append(known->quantisation);
    if (own_name != name) folder_names_.push_back(std::move(own_name));
  }

  /// Adds the places in `folder`, the value of NPUWHISPER_MODEL_DIR.
  void add_model_folder(const fs::path& folder) {
    for (const std::string& name : folder_names_) add(folder / name);
    const fs::path last =
        folder.has_filename() ? folder.filename() : folder.parent_path().filename();
    if (std::ranges::find(folder_names_, last.string()) != folder_names_.end()) add(folder);
    if (!known_) return;
    add_openai(folder);
    for (const std::string_view quantisation : quantisations()) {
      add_ggml_files(folder, quantisation);
    }
  }

  void add_own_cache(const fs::path& cache) {
    for (const std::string& name : folder_names_) add(cache / "npuwhisper" / name);
  }

  /// Adds the snapshots of the model in the Hugging Face cache `hub`, except whisper.cpp's files.
  void add_hub(const fs::path& hub) {
    if (!known_->quantisation.empty()) return;
    for (const std::string_view repository : known_->model->ctranslate2) {
      add_snapshots(repository_folder(hub, repository));
    }
    add_snapshots(repository_folder(hub, known_->model->original));
  }

  /// Adds the file that openai-whisper stores in `folder`.
  void add_openai(const fs::path& folder) {
    if (!known_->model->is_openai || !known_->quantisation.empty()) return;
    add(folder / (std::string(known_->model->name) + ".pt"));
  }

  /// Adds whisper.cpp's files in all `folders`: first those without quantisation.
  void add_ggml(const std::vector<fs::path>& folders) {
    for (const std::string_view quantisation : quantisations()) {
      for (const fs::path& folder : folders) add_ggml_files(folder, quantisation);
    }
  }

  std::vector<ModelPlace> take() { return std::move(places_); }

 private:
  /// Returns the quantisations to search for, in order; "" means none.
  std::vector<std::string_view> quantisations() const {
    if (!known_->quantisation.empty()) return {known_->quantisation};
    std::vector<std::string_view> all = {""};
    all.insert(all.end(), ggml_quantisations().begin(), ggml_quantisations().end());
    return all;
  }

  void add(const fs::path& path) { places_.push_back({path, path.string()}); }

  void add_snapshots(const fs::path& repository) {
    for (fs::path& snapshot : snapshots(repository)) {
      places_.push_back({std::move(snapshot), repository.string()});
    }
    // The repository's folder itself holds no model. It shows in the message that it was searched.
    add(repository);
  }

  /// Adds the files of one quantisation in `folder`.
  void add_ggml_files(const fs::path& folder, std::string_view quantisation) {
    for (const std::string_view stem : known_->model->ggml) {
      const std::string name(stem);
      const std::string ending =
          quantisation.empty() ? ".bin" : "-" + std::string(quantisation) + ".bin";
      const std::string shown = known_->quantisation.empty() ? name + "[-q*].bin" : name + ending;
      places_.push_back({folder / (name + ending), (folder / shown).string()});
    }
  }

  std::optional<NamedModel> known_;
  /// Names of folders that may hold the model: the user's name, and the table's name if it differs.
  std::vector<std::string> folder_names_;
  std::vector<ModelPlace> places_;
};

}  // namespace

std::vector<ModelPlace> model_places(const std::string& name,
                                     const std::optional<NamedModel>& known) {
  Places places(name, known);
  if (const auto folder = path_from_environment("NPUWHISPER_MODEL_DIR")) {
    places.add_model_folder(*folder);
  }
  const auto cache = cache_home();
  if (cache) places.add_own_cache(*cache);
  if (!known) return places.take();
  const auto hub = hub_cache();
  if (hub) places.add_hub(*hub);
  if (cache) places.add_openai(*cache / "whisper");
  std::vector<fs::path> ggml_folders;
  if (const auto data = data_home()) ggml_folders.push_back(*data / "pywhispercpp" / "models");
  if (hub) {
    const std::vector<fs::path> found = snapshots(repository_folder(*hub, "ggerganov/whisper.cpp"));
    ggml_folders.insert(ggml_folders.end(), found.begin(), found.end());
  }
  places.add_ggml(ggml_folders);
  return places.take();
}

}  // namespace npuwhisper
