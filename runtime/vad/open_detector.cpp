// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vad/open_detector.h"

#include <chrono>
#include <mutex>

#include <npuwhisper/log.h>

#include "audio/samples.h"
#include "vad/find_vad.h"
#include "vad/silero_network.h"

namespace npuwhisper {
namespace {

/// Padding around speech in samples (0.4 s). Words begin and end quietly, so the detector finds
/// their beginnings too late and their ends too early.
constexpr std::int64_t kPadding = kSampleRate * 4 / 10;

/// Returns the weights in `file`. Loads them unless a stream still uses them.
Result<std::shared_ptr<const SileroWeights>> shared_weights(const std::filesystem::path& file) {
  static std::mutex mutex;  // Guards the next two variables.
  static std::filesystem::path loaded_file;
  static std::weak_ptr<const SileroWeights> loaded;
  const std::scoped_lock lock(mutex);
  if (auto weights = loaded.lock(); weights && loaded_file == file) return weights;
  auto weights = SileroWeights::load(file);
  if (weights) {
    loaded_file = file;
    loaded = *weights;
  }
  return weights;
}

}  // namespace

Result<std::unique_ptr<SpeechDetector>> open_detector(const TranscriberOptions& options,
                                                      const std::filesystem::path& model) {
  if (options.vad == Vad::Off) return std::unique_ptr<SpeechDetector>();
  const auto file = find_vad(model);
  if (!file) {
    if (options.vad == Vad::On) return fail(file.error());
    log(LogLevel::Warning, "vad=auto: continuing without " + file.error().message);
    return std::unique_ptr<SpeechDetector>();
  }
  const auto weights = shared_weights(*file);
  if (!weights) return fail(weights.error());
  return std::make_unique<SpeechDetector>(
      std::make_unique<SileroNetwork>(*weights),
      SpeechRules{.threshold = options.vad_threshold,
                  .min_speech = to_samples(options.vad_min_speech),
                  .min_silence = to_samples(options.vad_min_silence),
                  .padding = kPadding});
}

VadUse vad_use(const TranscriberOptions& options, bool has_detector) {
  if (has_detector) return VadUse::On;
  return options.vad == Vad::Off ? VadUse::Off : VadUse::Missing;
}

}  // namespace npuwhisper
