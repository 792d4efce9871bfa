// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <npuwhisper/segment.h>

#include "model/tokenizer.h"

namespace npuwhisper {

/// A window's place in the stream, in mel frames.
struct WindowPosition {
  std::int64_t first_frame = 0;
  int n_frames = 0;  ///< With audio in them.
};

/// What a window's tokens say about time (openai/whisper and faster-whisper transcribe.py):
///  - a pair of timestamps ends a segment; text after the last pair is unfinished, and the next
///    window begins at that pair;
///  - a single timestamp at the end says that nothing follows: the window is done;
///  - without a pair the window is one segment, up to its last timestamp if it has one.
/// Fills `segments` with times, tokens and text, in order, empty ones too, and returns the
/// frames until the next window begins: 1 to n_frames. A character whose bytes are split between
/// two segments belongs to the first.
int split_window(const Tokenizer& tokenizer, std::span<const Token> tokens,
                 const WindowPosition& window, std::vector<Segment>& segments);

/// Drops segments that last no time or have no text, as the model sometimes writes them.
void drop_empty_segments(std::vector<Segment>& segments);

/// Clips segments and words to the samples [begin, end) and to each other, so that none overlap,
/// go back or last no time. Whisper dates text past the end of the audio now and then; a segment
/// that would begin there is joined to the one before, so that no text is lost.
void place_segments(std::vector<Segment>& segments, std::int64_t begin, std::int64_t end);

}  // namespace npuwhisper
