// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper::cli {

/// Where the plugin of the program at `program` (a path without symbolic links) may be: the folder
/// into which it was installed, relative to the program, so that the prefix may be moved; and in a
/// Meson build folder the plugin's folder there. Thread-safe.
std::vector<std::filesystem::path> plugin_folders(const std::filesystem::path& program);

/// Makes npuwhisper's element `name` available to this process. Returns early if GStreamer's
/// registry has it (system folder, GST_PLUGIN_PATH); otherwise loads the plugin from the first of
/// plugin_folders() that holds it. Call after gst_init(). Errors: NotFound, with the folders and
/// with GST_PLUGIN_PATH; Unavailable (the plugin is there but does not load).
Result<void> find_plugin(const std::string& name);

}  // namespace npuwhisper::cli
