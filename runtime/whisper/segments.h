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
  int n_frames = 0;  ///< Frames that hold audio.
};

/// Splits a window's tokens into segments (openai/whisper and faster-whisper transcribe.py):
///  - a pair of timestamps ends a segment; text after the last pair is unfinished, and the next
///    window begins at the time of that pair;
///  - a single timestamp at the end means that no text follows: the window is done;
///  - without a pair the window is one segment, up to its last timestamp if it has one.
/// Fills `segments` in order, with times, tokens and text; empty segments are included. Returns the
/// number of frames until the next window begins: 1 to n_frames. A character whose bytes are split
/// between two segments belongs to the first.
int split_window(const Tokenizer& tokenizer, std::span<const Token> tokens,
                 const WindowPosition& window, std::vector<Segment>& segments);

/// Drops segments of zero length or without text, which the model sometimes writes.
void drop_empty_segments(std::vector<Segment>& segments);

/// Clips the times of segments and words to the samples [begin, end), so that they are in order and
/// do not overlap, and no segment has zero length. Whisper sometimes places text after the end of
/// the audio. A segment that would get zero length is joined to the previous segment, so that no
/// text is lost. If there is no previous segment, this segment gets the whole range.
void place_segments(std::vector<Segment>& segments, std::int64_t begin, std::int64_t end);

}  // namespace npuwhisper
