// SPDX-License-Identifier: LGPL-2.1-or-later
#include "settings.h"

#include <npuwhisper/languages.h>

#include <algorithm>
#include <sstream>
#include <utility>

namespace npuwhisper {
namespace {

constexpr int kMaxAttempts = 20;

}  // namespace

std::string whisper_language(const std::string& language_code) {
  const auto language = parse_language(language_code);
  return language ? *language : language_code;
}

std::vector<std::string> whisper_languages(const std::string& languages) {
  std::vector<std::string> codes;
  std::istringstream entries(languages);
  for (std::string entry; std::getline(entries, entry, ',');) {
    std::string code = whisper_language(entry);
    if (code.empty()) code = entry;
    if (std::ranges::find(codes, code) == codes.end()) codes.push_back(std::move(code));
  }
  return codes;
}

TranscriberOptions Settings::transcriber_options() const {
  TranscriberOptions options = decoding;
  options.language = whisper_language(language_code);
  options.languages = whisper_languages(languages);
  options.temperatures = {temperature};
  if (temperature_increment > 0) {
    for (int step = 1; step < kMaxAttempts; ++step) {
      const float next = temperature + static_cast<float>(step) * temperature_increment;
      // The limit is slightly above 1, so that rounding does not lose the last step.
      if (next > 1.0001F) break;
      options.temperatures.push_back(std::min(next, 1.0F));
    }
  }
  const CueFormat cues = cue_format();
  options.word_times = word_times || cues.mode == OutputMode::Word || cues.makes_captions();
  return options;
}

CueFormat Settings::cue_format() const {
  CueFormat format{.mode = output_mode,
                   .captions = CaptionLayout::of(caption_style, static_cast<int>(caption_columns),
                                                 static_cast<int>(caption_lines))};
  format.captions.upper_case = upper_case;
  return format;
}

}  // namespace npuwhisper
