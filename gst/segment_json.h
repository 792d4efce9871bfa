// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <npuwhisper/segment.h>

#include <span>
#include <string>

#include "timeline.h"

namespace npuwhisper {

/// One final segment as a JSON object on one line, as the `unsynced_src` pad and the
/// `npuwhisper/segment` message carry it: type, final, language, start, end, text, avg_logprob,
/// no_speech_prob, temperature, compression_ratio, words [{start, end, word, probability}].
/// Times are seconds of the input's buffer timestamps.
std::string segment_json(const Segment& segment, const Timeline& timeline);
/// The words that were heard but may still change, in the same shape: type "partial", final false,
/// language, start, end, text, words. Without words, start and end are missing.
std::string draft_json(std::span<const Word> words, const std::string& language,
                       const Timeline& timeline);

}  // namespace npuwhisper
