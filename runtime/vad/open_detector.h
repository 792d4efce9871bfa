// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <memory>

#include <npuwhisper/result.h>
#include <npuwhisper/transcriber.h>

#include "vad/speech_detector.h"

namespace npuwhisper {

/// Creates the detector for `options`. `model`: the Whisper model, a folder or a file. Returns
/// nullptr if vad=off. Also returns nullptr, and logs a warning, if vad=auto and the weights are
/// not found. All streams of the process share the weights. Errors: NotFound (vad=on; see
/// find_vad()), and those of SileroWeights::load(). Thread-safe.
Result<std::unique_ptr<SpeechDetector>> open_detector(const TranscriberOptions& options,
                                                      const std::filesystem::path& model);

/// Returns the value of TranscriberStats::vad for a stream with `options`. `has_detector`: whether
/// open_detector() returned a detector for the stream.
VadUse vad_use(const TranscriberOptions& options, bool has_detector);

}  // namespace npuwhisper
