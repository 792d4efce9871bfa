// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <optional>

namespace npuwhisper {

/// An environment variable that holds a path; an empty one counts as not set.
std::optional<std::filesystem::path> path_from_environment(const char* name);

/// $XDG_CACHE_HOME, or ~/.cache; a relative one is ignored, as the XDG base directory specification
/// asks.
std::optional<std::filesystem::path> cache_home();

}  // namespace npuwhisper
