// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <npuwhisper/segment.h>

#include <string>

#include "timeline.h"

namespace npuwhisper {

/// One final segment as a JSON object on one line, as the `unsynced_src` pad and the
/// `npuwhisper/segment` message carry it: type, final, language, start, end, text, avg_logprob,
/// no_speech_prob, temperature, compression_ratio, words [{start, end, word, probability}].
/// Times are seconds of the input's buffer timestamps.
std::string segment_json(const Segment& segment, const Timeline& timeline);

}  // namespace npuwhisper
