// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

namespace npuwhisper::server {

/// The head of a piece of decoded audio. The decoder process writes pieces to a file, and the
/// server reads them: a head, then its samples (f32, 16 kHz, mono). Both processes run the same
/// program, so the layout is that of the machine.
struct AudioPiece {
  enum Kind : std::uint32_t {
    Audio,    ///< Samples with the timestamp `start`.
    Gap,      ///< The container states that no audio exists from `start` for `duration`.
    Segment,  ///< A new stream or segment begins, whose first timestamp is `start`.
  };
  static constexpr std::uint64_t kNoTime = ~std::uint64_t{0};

  Kind kind = Audio;
  std::uint32_t n_samples = 0;    ///< 0 unless the kind is Audio.
  std::uint64_t start = kNoTime;  ///< Nanoseconds; kNoTime: follows the previous audio.
  std::uint64_t duration = 0;     ///< Nanoseconds; 0 unless the kind is Gap.
};

/// The exit statuses of a decoder process.
enum class DecoderExit : int {
  Complete = 0,
  Unreadable = 10,   ///< The upload cannot be decoded. The text on stderr states the reason.
  TooLong = 11,      ///< The audio is longer than the limit.
  NoResources = 12,  ///< There is no space or no memory. The text on stderr states the reason.
};

}  // namespace npuwhisper::server
