// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <npuwhisper/segment.h>

#include <span>
#include <string>

#include "gst/support/timeline.h"

namespace npuwhisper {

/// Returns a final segment as a JSON object on one line, for the `unsynced_src` pad and the
/// `npuwhisper/segment` message: type, final, language, start, end, text, tokens, avg_logprob,
/// no_speech_prob, temperature, compression_ratio, words [{start, end, word, probability}]. Times
/// are the input's buffer timestamps in seconds.
std::string segment_json(const Segment& segment, const Timeline& timeline);
/// Returns the words that were recognised but may still change, in the same format: type "partial",
/// final false, language, start, end, text, words. If there are no words, start and end are
/// missing.
std::string draft_json(std::span<const Word> words, const std::string& language,
                       const Timeline& timeline);

}  // namespace npuwhisper
