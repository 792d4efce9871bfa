// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <memory>

#include <npuwhisper/result.h>
#include <npuwhisper/transcriber.h>

#include "vad/speech_detector.h"

namespace npuwhisper {

/// The detector that these options ask for: none if they ask for none, or with vad=auto where its
/// weights are not found, which is logged. All streams of the process share the weights. Errors:
/// NotFound (vad=on; see find_vad()), those of SileroWeights::load(). Thread-safe.
Result<std::unique_ptr<SpeechDetector>> open_detector(const TranscriberOptions& options,
                                                      const std::filesystem::path& model_folder);

/// What the stream's statistics say of it.
VadUse vad_use(const TranscriberOptions& options, bool has_detector);

}  // namespace npuwhisper
