// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include "settings.h"

namespace npuwhisper {

/// The writable properties: their names, ranges, defaults and texts. Those that only the element
/// can answer (`stats`, `max-observed-delay`) have their ids here and their values there.
enum Property : guint {
  kPropModel = 1,
  kPropDevice,
  kPropNpuStages,
  kPropPrecision,
  kPropThreads,
  kPropLanguageCode,
  kPropLanguage,
  kPropLanguages,
  kPropChineseScript,
  kPropTask,
  kPropOutputMode,
  kPropCaptionStyle,
  kPropCaptionColumns,
  kPropCaptionLines,
  kPropUpperCase,
  kPropWordTimes,
  kPropBeamSize,
  kPropBestOf,
  kPropTemperature,
  kPropTemperatureIncrement,
  kPropCompressionRatioThreshold,
  kPropLogProbThreshold,
  kPropNoSpeechThreshold,
  kPropInitialPrompt,
  kPropConditionOnPreviousText,
  kPropSuppressBlank,
  kPropSuppressNonSpeech,
  kPropVad,
  kPropVadThreshold,
  kPropVadMinSpeech,
  kPropVadMinSilence,
  kPropLatency,
  kPropTranscribeLatency,
  kPropLateness,
  kPropPartialResults,
  kPropMetaSync,
  kPropStreaming,
  kPropPostMessages,
  kPropMaxObservedDelay,
  kPropStats,
};

/// Installs all of them and registers the enum types for the plugin's documentation.
void install_properties(GObjectClass* klass);
/// False: `id` is none of the settings.
bool set_property(Settings& settings, guint id, const GValue* value);
bool get_property(const Settings& settings, guint id, GValue* value);

}  // namespace npuwhisper
