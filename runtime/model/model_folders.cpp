// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/model_folders.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <system_error>
#include <vector>

#include "model/model_table.h"

namespace npuwhisper {
namespace {

/// Returns the home directory of this process's user in the account database; nullopt if there is
/// none.
std::optional<std::filesystem::path> home_of_account() {
  constexpr std::size_t kEnough = 16384;  // glibc recommends 1024; NSS modules may want more.
  std::vector<char> text(kEnough);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(::getuid(), &entry, text.data(), text.size(), &found) != 0 || found == nullptr ||
      *entry.pw_dir == '\0') {
    return std::nullopt;
  }
  return std::filesystem::path(entry.pw_dir);
}

/// Returns $HOME, or else the home directory of the account.
std::optional<std::filesystem::path> home_folder() {
  auto home = path_from_environment("HOME");
  return home ? home : home_of_account();
}

/// Returns the path in the environment variable `name`, as huggingface_hub reads it: "~" and "~/"
/// at the beginning stand for the home directory.
std::optional<std::filesystem::path> path_from_hub_variable(const char* name) {
  auto path = path_from_environment(name);
  if (!path || path->begin()->string() != "~") return path;
  const auto home = home_folder();
  const std::string rest = path->string().substr(1);
  return home ? std::filesystem::path(home->string() + rest) : path;
}

/// Returns the folder that the environment variable `variable` names if it is absolute, otherwise
/// `fallback` in the home directory. Returns nullopt if neither is known.
std::optional<std::filesystem::path> base_folder(const char* variable, const char* fallback) {
  if (auto folder = path_from_environment(variable); folder && folder->is_absolute()) {
    return folder;
  }
  const auto home = home_folder();
  if (!home) return std::nullopt;
  return *home / fallback;
}

bool is_file(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored);
}

}  // namespace

std::optional<std::filesystem::path> path_from_environment(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::filesystem::path(value);
}

std::optional<std::filesystem::path> cache_home() {
  return base_folder("XDG_CACHE_HOME", ".cache");
}

std::optional<std::filesystem::path> data_home() {
  return base_folder("XDG_DATA_HOME", ".local/share");
}

std::optional<std::filesystem::path> hub_cache() {
  if (auto hub = path_from_hub_variable("HF_HUB_CACHE")) return hub;
  if (auto hub = path_from_hub_variable("HUGGINGFACE_HUB_CACHE")) return hub;
  if (auto home = path_from_hub_variable("HF_HOME")) return *home / "hub";
  if (auto cache = cache_home()) return *cache / "huggingface" / "hub";
  return std::nullopt;
}

bool has_weights(const std::filesystem::path& path) {
  if (is_file(path)) return path.extension() == ".pt" || path.extension() == ".bin";
  return std::ranges::any_of(folder_formats(), [&](const FolderFormat& format) {
    return is_file(path / format.file) || (!format.index.empty() && is_file(path / format.index));
  });
}

bool looks_like_model(const std::filesystem::path& path) {
  if (!has_weights(path)) return false;
  if (is_file(path)) return true;
  const auto has = [&](const char* name) { return is_file(path / name); };
  constexpr std::array kTokens = {"tokenizer.json", "vocabulary.json", "vocabulary.txt"};
  return has("config.json") && (!has("model.bin") || std::ranges::any_of(kTokens, has));
}

}  // namespace npuwhisper
