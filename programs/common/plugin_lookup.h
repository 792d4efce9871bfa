// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper::cli {

/// Returns the folders that may contain the plugin of the program at `program` (a path without
/// symbolic links): the installation folder, relative to the program so that the prefix may be
/// moved; and, if the program is in a Meson build folder, `gst` in that folder. Thread-safe.
std::vector<std::filesystem::path> plugin_folders(const std::filesystem::path& program);

/// Makes npuwhisper's element `name` available to this process. Returns early if GStreamer's
/// registry has it (system folder, GST_PLUGIN_PATH); otherwise loads the plugin from the first of
/// plugin_folders() that holds it. Call after gst_init(). Errors: NotFound, with the folders and
/// GST_PLUGIN_PATH in the message; Unavailable (the plugin exists but does not load).
Result<void> find_plugin(const std::string& name);

}  // namespace npuwhisper::cli
