// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper::cli {

/// Returns the folders that may contain the plugin. `program` is the path of the running program,
/// without symbolic links. The first folder is the installation folder. Its path is relative to the
/// program, so that the installation prefix may be moved. If the program is in a Meson build
/// folder, the second folder is `gst` in the build folder. Thread-safe.
std::vector<std::filesystem::path> plugin_folders(const std::filesystem::path& program);

/// Makes npuwhisper's element `name` available to this process. Returns early if GStreamer's
/// registry has the element (system folder, GST_PLUGIN_PATH). Otherwise loads the plugin files in
/// plugin_folders(), until one of them provides the element. Call after gst_init(). Errors:
/// NotFound, with the folders and GST_PLUGIN_PATH in the message; Unavailable (the plugin exists
/// but does not load).
Result<void> find_plugin(const std::string& name);

}  // namespace npuwhisper::cli
