// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <optional>

namespace npuwhisper {

/// An environment variable that holds a path; an empty one counts as not set.
std::optional<std::filesystem::path> path_from_environment(const char* name);

/// $XDG_CACHE_HOME, or .cache in $HOME; a relative XDG_CACHE_HOME is ignored, as the XDG base
/// directory specification asks. Without HOME, as in a service of systemd, the home that the
/// account database has for this process's user; nullopt if it has none. tools/npuwhisper-models
/// looks in the same folder.
std::optional<std::filesystem::path> cache_home();

}  // namespace npuwhisper
