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

#include "cues.h"

namespace npuwhisper {

/// The element's properties, as they were set.
struct Settings {
  EngineOptions engine;
  TranscriberOptions decoding;  ///< Without languages, temperatures, word times: below.
  std::string language_code;    ///< "", "auto", "en", "en-US", "English", ...
  std::string languages;        ///< "", "en,de,Spanish", ...
  float temperature = 0.0F;
  float temperature_increment = 0.2F;
  OutputMode output_mode = OutputMode::Segment;
  CaptionStyle caption_style = CaptionStyle::Subtitle;
  guint caption_columns = 0;  ///< 0: the style's.
  guint caption_lines = 0;    ///< 0: the style's.
  bool upper_case = false;    ///< Of captions.
  bool word_times = false;
  bool post_messages = false;
  bool partial_results = false;
  bool meta_sync = true;
  guint latency_ms = 8000;
  guint lateness_ms = 0;
  bool streaming = false;

  /// What the transcriber is made with, but for live_latency and samples_waiting, which the caller
  /// fills in when live or `streaming`.
  TranscriberOptions transcriber_options() const;
  CueFormat cue_format() const;
};

/// "en-US" and "English" -> "en", "auto" and "" -> "" (detect). Whisper knows languages, not regions.
/// What is no language stays as it is: Transcriber::create() then says so.
std::string whisper_language(const std::string& language_code);
/// Likewise each entry of a list with commas between: "en-US,German" -> {"en", "de"}. An empty list
/// is no entry; "auto" stays as it is, since it is no candidate.
std::vector<std::string> whisper_languages(const std::string& languages);

/// The settings, shared by the application's threads and ours. Thread-safe; one mutex, a leaf.
class SharedSettings {
 public:
  Settings get() const {
    const std::scoped_lock lock(mutex_);
    return settings_;
  }
  /// Calls change(Settings&); `decoding` says that a transcriber made before is out of date.
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
  /// Differs after each change that concerns the transcriber.
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
