// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vad/find_vad.h"

#include <string>
#include <system_error>
#include <vector>

#include "model/model_folders.h"

namespace npuwhisper {

Result<std::filesystem::path> find_vad(const std::filesystem::path& model) {
  constexpr const char* kName = "silero-vad";
  constexpr const char* kFile = "silero_vad_16k.safetensors";
  std::error_code missing;
  std::vector<std::filesystem::path> folders = {
      std::filesystem::is_regular_file(model, missing) ? model.parent_path() : model};
  if (const auto folder = path_from_environment("NPUWHISPER_MODEL_DIR")) {
    folders.push_back(*folder / kName);
  }
  if (const auto cache = cache_home()) folders.push_back(*cache / "npuwhisper" / kName);

  std::string message = std::string("voice activity detection: no ") + kFile + " in ";
  for (const auto& folder : folders) {
    std::error_code ignored;
    if (std::filesystem::exists(folder / kFile, ignored)) return folder / kFile;
    message.append("'").append(folder.string()).append("', ");
  }
  return fail(ErrorCode::NotFound, message + "run npuwhisper-models fetch " + kName);
}

}  // namespace npuwhisper
