// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/model_folders.h"

#include <cstdlib>

namespace npuwhisper {

std::optional<std::filesystem::path> path_from_environment(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::filesystem::path(value);
}

std::optional<std::filesystem::path> cache_home() {
  if (auto cache = path_from_environment("XDG_CACHE_HOME"); cache && cache->is_absolute()) {
    return cache;
  }
  if (auto home = path_from_environment("HOME")) return *home / ".cache";
  return std::nullopt;
}

}  // namespace npuwhisper
