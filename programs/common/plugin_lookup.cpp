// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin_lookup.h"

#include <gst/gst.h>

#include <system_error>

#include "gst_owned.h"

namespace npuwhisper::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFile = "libgstnpuwhisper.so";

bool is_known(const std::string& element) {
  return Owned<GstElementFactory>(gst_element_factory_find(element.c_str())) != nullptr;
}

Result<void> load(const fs::path& file) {
  GError* raw_error = nullptr;
  const Owned<GstPlugin> plugin(gst_plugin_load_file(file.c_str(), &raw_error));
  if (plugin) return {};
  const Owned<GError> error(raw_error);
  return fail(ErrorCode::Unavailable,
              "cannot load the plugin '" + file.string() + "': " + error->message);
}

}  // namespace

std::vector<fs::path> plugin_folders(const fs::path& program) {
  const fs::path folder = program.parent_path();
  std::vector<fs::path> folders = {(folder / NPUWHISPER_PLUGIN_FOLDER).lexically_normal()};
  // A program in a build folder is in a subfolder of `programs`.
  const fs::path root = folder.parent_path().parent_path();
  std::error_code ignored;
  if (fs::is_directory(root / "meson-info", ignored)) folders.push_back(root / "gst");
  return folders;
}

Result<void> find_plugin(const std::string& name) {
  if (is_known(name)) return {};
  std::string places;
  std::error_code ignored;
  for (const fs::path& folder : plugin_folders(fs::read_symlink("/proc/self/exe", ignored))) {
    if (fs::exists(folder / kFile, ignored)) {
      if (auto loaded = load(folder / kFile); !loaded) return loaded;
      if (is_known(name)) return {};
    }
    places.append(places.empty() ? "" : ", ").append("'").append(folder.string()).append("'");
  }
  return fail(ErrorCode::NotFound, "GStreamer has no element '" + name + "', and there is no " +
                                       kFile + " that provides it in " + places +
                                       "; set GST_PLUGIN_PATH to the folder that holds " + kFile);
}

}  // namespace npuwhisper::cli
