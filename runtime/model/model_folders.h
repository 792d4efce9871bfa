// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <optional>

namespace npuwhisper {

/// Returns the path in environment variable `name`; nullopt if it is not set or empty.
std::optional<std::filesystem::path> path_from_environment(const char* name);

/// Returns $XDG_CACHE_HOME, or .cache in $HOME. A relative XDG_CACHE_HOME is ignored, as the XDG
/// base directory specification requires. Without HOME, as in a systemd service, uses the home
/// directory of the process's user in the account database; nullopt if there is none.
/// tools/npuwhisper-models looks in the same folder.
std::optional<std::filesystem::path> cache_home();

}  // namespace npuwhisper
