// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/model_folders.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

namespace npuwhisper {
namespace {

/// Returns the home directory of this process's user in the account database.
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

}  // namespace

std::optional<std::filesystem::path> path_from_environment(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::filesystem::path(value);
}

std::optional<std::filesystem::path> cache_home() {
  if (auto cache = path_from_environment("XDG_CACHE_HOME"); cache && cache->is_absolute()) {
    return cache;
  }
  auto home = path_from_environment("HOME");
  if (!home) home = home_of_account();
  if (!home) return std::nullopt;
  return *home / ".cache";
}

}  // namespace npuwhisper
