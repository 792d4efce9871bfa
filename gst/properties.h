// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include "settings.h"

namespace npuwhisper {

/// The ids of all properties. This module defines their names, ranges, defaults and texts. The
/// element itself provides the values of `stats` and `max-observed-delay`.
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

/// Installs all properties and registers their enum types for the plugin's documentation.
void install_properties(GObjectClass* klass);
/// Stores `value` in the setting `id`. Returns false if `id` is not one of the settings.
bool set_property(Settings& settings, guint id, const GValue* value);
/// Copies the setting `id` to `value`. Returns false if `id` is not one of the settings.
bool get_property(const Settings& settings, guint id, GValue* value);

}  // namespace npuwhisper
