// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>

#include <npuwhisper/result.h>

namespace npuwhisper {

/// Finds the weights of voice activity detection, the file `silero_vad_16k.safetensors`. Searches
/// these folders in order: the folder of the Whisper model, $NPUWHISPER_MODEL_DIR/silero-vad, and
/// $XDG_CACHE_HOME/npuwhisper/silero-vad (XDG_CACHE_HOME defaults to ~/.cache). `model`: the
/// Whisper model, a folder or a file (then its folder is searched). Error: NotFound. The error's
/// message lists these folders and says how to fetch the file.
Result<std::filesystem::path> find_vad(const std::filesystem::path& model);

}  // namespace npuwhisper
