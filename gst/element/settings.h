// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <npuwhisper/engine.h>
#include <npuwhisper/transcriber.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "gst/output/cues.h"

namespace npuwhisper {

/// The element's properties, as they were set.
struct Settings {
  EngineOptions engine;
  /// Options for the transcriber. transcriber_options() replaces language, languages, temperatures
  /// and word_times.
  TranscriberOptions decoding;
  /// Spoken language as a code or a name ("en", "en-US", "English"); "" or "auto": detected.
  std::string language_code;
  std::string languages;  ///< Candidates for language detection ("en,de,Spanish"); "": all.
  float temperature = 0.0F;
  float temperature_increment = 0.2F;
  OutputMode output_mode = OutputMode::Segment;
  CaptionStyle caption_style = CaptionStyle::Subtitle;
  guint caption_columns = 0;  ///< Columns per line; 0: the style's default.
  guint caption_lines = 0;    ///< Maximum lines per caption; 0: the style's default.
  bool upper_case = false;    ///< True if captions are written in upper case.
  bool word_times = false;
  bool post_messages = false;
  bool partial_results = false;
  bool meta_sync = true;
  guint latency_ms = 8000;
  guint lateness_ms = 0;
  bool streaming = false;

  /// Returns the options for a transcriber, except live_latency, pace and samples_waiting. The
  /// caller must set pace. If the source is live or `streaming` is true, the caller must also set
  /// live_latency. If the source is live, the caller must also set samples_waiting.
  TranscriberOptions transcriber_options() const;
  CueFormat cue_format() const;
};

/// Returns Whisper's code of a language: "en-US" and "English" -> "en", "auto" and "" -> ""
/// (detect). Whisper knows languages, not regions. A string that is not a language is returned
/// unchanged, and Transcriber::create() reports it.
std::string whisper_language(const std::string& language_code);
/// Applies whisper_language() to each entry of a comma-separated list: "en-US,German" -> {"en",
/// "de"}. Removes duplicates. Returns no entries for an empty string. An entry that stands for no
/// language ("auto") is kept unchanged, and Transcriber::create() reports it.
std::vector<std::string> whisper_languages(const std::string& languages);

/// The settings, shared by the threads of the application and of the element. Thread-safe. No other
/// lock is taken while the mutex is held.
class SharedSettings {
 public:
  Settings get() const {
    const std::scoped_lock lock(mutex_);
    return settings_;
  }
  /// Calls change(Settings&). `decoding` is true if the change affects the transcriber, so that an
  /// existing transcriber must be replaced.
  template <typename Change>
  void change(bool decoding, Change&& change) {
    const std::scoped_lock lock(mutex_);
    std::forward<Change>(change)(settings_);
    if (decoding) ++serial_;
  }
  bool partial_results() const {
    const std::scoped_lock lock(mutex_);
    return settings_.partial_results;
  }
  /// Returns a number that increases with each change that affects the transcriber.
  std::uint64_t serial() const {
    const std::scoped_lock lock(mutex_);
    return serial_;
  }

 private:
  mutable std::mutex mutex_;
  Settings settings_;
  std::uint64_t serial_ = 1;
};

}  // namespace npuwhisper
