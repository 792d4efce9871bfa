// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>

/// How long captions stand, and where one ends for the sake of the next.
namespace npuwhisper::reading {

using std::chrono::milliseconds;

/// Netflix, General Requirements: a subtitle lasts from 5/6 s to 7 s.
inline constexpr milliseconds kLeast{834};
inline constexpr milliseconds kMost{7000};
/// Netflix, English: 20 characters a second.
inline constexpr int kColumnsPerSecond = 20;
/// A shorter time without a caption between two of them flickers (Netflix: half a second).
inline constexpr milliseconds kGap{500};
/// By which a caption may come late so that the one before it can be read. More would be seen as
/// out of step with the speech.
inline constexpr milliseconds kMostDelay{500};
/// A pause that ends a caption.
inline constexpr milliseconds kPause{1000};
/// What has no time to wait for the next word stays for so long, not to flicker.
inline constexpr milliseconds kLinger{200};
/// Where no time is left at all.
inline constexpr milliseconds kShortest{20};

}  // namespace npuwhisper::reading
