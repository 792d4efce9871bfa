// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include "audio_request.h"
#include "programs/transcribe/transcript.h"

namespace npuwhisper::server {

/// The body of a response and its media type.
struct Answer {
  const char* type;
  std::string body;
};

/// Returns the answer with the whole transcript. Text, SubRip and WebVTT have the bytes that
/// npuwhisper-transcribe writes.
Answer make_answer(const AudioRequest& request, const cli::Transcript& transcript);

/// Creates the events of a streaming answer. Reentrant.
class TextEvents {
 public:
  /// Returns the event transcript.text.delta for the next segment; empty for a segment without
  /// text.
  std::string delta(const cli::TimedSegment& segment);
  /// Returns the event transcript.text.done with the text of all deltas.
  std::string done() const;

 private:
  std::string text_;
};

/// Returns the event `error`, which ends a streaming answer.
std::string error_event(const ApiError& error);

}  // namespace npuwhisper::server
