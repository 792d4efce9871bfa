// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>

/// Durations of captions, and limits on the delays and gaps between captions.
namespace npuwhisper::reading {

using std::chrono::milliseconds;

/// Minimum duration of a caption. Netflix, General Requirements: 5/6 s.
inline constexpr milliseconds kLeast{834};
/// Maximum duration of a caption. Netflix, General Requirements: 7 s.
inline constexpr milliseconds kMost{7000};
/// Reading speed. Netflix, English: 20 characters a second.
inline constexpr int kColumnsPerSecond = 20;
/// Minimum time without a caption between two captions. A shorter gap would flicker. Netflix: half
/// a second.
inline constexpr milliseconds kGap{500};
/// Maximum time by which a caption is delayed so that the previous one can be read. A longer delay
/// would look out of step with the speech.
inline constexpr milliseconds kMostDelay{500};
/// Length of a pause that ends a caption.
inline constexpr milliseconds kPause{1000};
/// Time for which a caption stays on the screen after its last word, if the caption cannot wait for
/// the next word. This time avoids flicker.
inline constexpr milliseconds kLinger{200};
/// Minimum duration of a caption that has no time left before the next caption.
inline constexpr milliseconds kShortest{20};

}  // namespace npuwhisper::reading
