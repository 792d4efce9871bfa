// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <npuwhisper/transcriber.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <variant>

namespace npuwhisper {

/// A counter of TranscriberStats and its name in the `stats` property. Times are in nanoseconds.
struct StreamCounter {
  const char* name;
  std::variant<std::uint64_t TranscriberStats::*, std::chrono::nanoseconds TranscriberStats::*>
      member;
};

/// All counters of TranscriberStats, in the order of the `stats` property.
inline constexpr std::array kStreamCounters = {
    StreamCounter{"windows", &TranscriberStats::windows},
    StreamCounter{"tokens", &TranscriberStats::tokens},
    StreamCounter{"fallbacks", &TranscriberStats::fallbacks},
    StreamCounter{"verified-tokens", &TranscriberStats::verified_tokens},
    StreamCounter{"silent-windows", &TranscriberStats::silent_windows},
    StreamCounter{"skipped-samples", &TranscriberStats::skipped_samples},
    StreamCounter{"loops", &TranscriberStats::loops},
    StreamCounter{"invented-words", &TranscriberStats::invented_words},
    StreamCounter{"late-words", &TranscriberStats::late_words},
    StreamCounter{"speech-samples", &TranscriberStats::speech_samples},
    StreamCounter{"unspoken-samples", &TranscriberStats::unspoken_samples},
    StreamCounter{"unspoken-segments", &TranscriberStats::unspoken_segments},
    StreamCounter{"vad-time", &TranscriberStats::vad_time},
    StreamCounter{"samples", &TranscriberStats::samples},
    StreamCounter{"mel-time", &TranscriberStats::mel_time},
    StreamCounter{"encode-time", &TranscriberStats::encode_time},
    StreamCounter{"prompt-time", &TranscriberStats::prompt_time},
    StreamCounter{"decode-time", &TranscriberStats::decode_time},
    StreamCounter{"align-time", &TranscriberStats::align_time},
    StreamCounter{"bytes-copied", &TranscriberStats::bytes_copied},
};
// The other member of TranscriberStats is `vad`, which takes 8 bytes with its padding.
static_assert(sizeof(TranscriberStats) == 8 * (kStreamCounters.size() + 1),
              "a counter of TranscriberStats has no row in the table above");

}  // namespace npuwhisper
