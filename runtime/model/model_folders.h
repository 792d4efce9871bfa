// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <optional>

namespace npuwhisper {

/// Returns the path in the environment variable `name`; nullopt if the variable is unset or empty.
std::optional<std::filesystem::path> path_from_environment(const char* name);

/// Returns $XDG_CACHE_HOME, or .cache in $HOME. Ignores a relative XDG_CACHE_HOME, as the XDG base
/// directory specification requires. Without HOME, as in a systemd service, uses the home directory
/// of the process's user in the account database. Returns nullopt if the database has no home
/// directory. tools/npuwhisper-models looks in the same folder.
std::optional<std::filesystem::path> cache_home();

}  // namespace npuwhisper
