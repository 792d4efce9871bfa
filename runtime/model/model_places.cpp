// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/model_places.h"

#include <algorithm>
#include <cstdint>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "model/model_folders.h"
#include "model/regular_file.h"

namespace npuwhisper {
namespace {

namespace fs = std::filesystem;

/// Returns the folder of `repository` in the Hugging Face cache `hub`.
fs::path repository_folder(const fs::path& hub, std::string_view repository) {
  std::string name = "models--" + std::string(repository);
  if (const auto slash = name.find('/'); slash != std::string::npos) name.replace(slash, 1, "--");
  return hub / name;
}

/// Returns the revision of branch main, which names a snapshot of `repository`; "" if the file that
/// holds it cannot be read or has more than 200 bytes.
std::string main_revision(const fs::path& repository) {
  constexpr std::uint64_t kMaxBytes = 200;
  const auto file = RegularFile::open(repository / "refs" / "main");
  if (!file) return "";
  const auto text = file->read_all(kMaxBytes);
  if (!text) return "";
  std::string revision;
  std::istringstream(*text) >> revision;
  return revision;
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
  const std::string main = main_revision(repository);
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
    add_ggml_files(folder);
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

  /// Adds whisper.cpp's files in `folder`. A name without a quantisation selects only files without
  /// one, because quantised weights give another text.
  void add_ggml_files(const fs::path& folder) {
    const std::string quantisation(known_->quantisation);
    const std::string ending = quantisation.empty() ? ".bin" : "-" + quantisation + ".bin";
    for (const std::string_view stem : known_->model->ggml) {
      add(folder / (std::string(stem) + ending));
    }
  }

  /// Adds whisper.cpp's files in the snapshots of repositories in the Hugging Face cache `hub`.
  void add_ggml_hub(const fs::path& hub) {
    for (const fs::path& snapshot : snapshots(repository_folder(hub, "ggerganov/whisper.cpp"))) {
      add_ggml_files(snapshot);
    }
    const std::string_view own = known_->model->ggml_repository;
    if (own.empty()) return;
    for (const fs::path& snapshot : snapshots(repository_folder(hub, own))) {
      add_ggml_files(snapshot);
      // whisper.cpp's converters use this file name by default. In this repository, the file can
      // only be this model.
      if (known_->quantisation.empty()) add(snapshot / "ggml-model.bin");
    }
  }

  std::vector<ModelPlace> take() { return std::move(places_); }

 private:
  void add(const fs::path& path) { places_.push_back({path, path.string()}); }

  void add_snapshots(const fs::path& repository) {
    for (fs::path& snapshot : snapshots(repository)) {
      places_.push_back({std::move(snapshot), repository.string()});
    }
    // The repository's folder itself holds no model. This entry makes the message of a failed
    // search name the folder even if it has no snapshots.
    add(repository);
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
  if (const auto data = data_home()) places.add_ggml_files(*data / "pywhispercpp" / "models");
  if (hub) places.add_ggml_hub(*hub);
  return places.take();
}

}  // namespace npuwhisper
