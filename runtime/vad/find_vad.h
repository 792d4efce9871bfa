// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>

#include <npuwhisper/result.h>

namespace npuwhisper {

/// Finds the weights of voice activity detection: `silero_vad_16k.safetensors` in the Whisper
/// model's own folder, $NPUWHISPER_MODEL_DIR/silero-vad or $XDG_CACHE_HOME/npuwhisper/silero-vad
/// (~/.cache/npuwhisper), in this order. Error: NotFound; its message lists these folders and says
/// how to fetch the file.
Result<std::filesystem::path> find_vad(const std::filesystem::path& model_folder);

}  // namespace npuwhisper
