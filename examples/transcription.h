// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <string>

#include <npuwhisper/engine.h>
#include <npuwhisper/transcriber.h>

#include "input.h"
#include "progress.h"
#include "time_span.h"
#include "transcript.h"

namespace npuwhisper::cli {

/// Which audio of a file is transcribed.
struct AudioSelection {
  int track = 0;  ///< From 1; 0: the first, with a note to the user if there are others.
  TimeSpan span;
};

/// What happens while a file is transcribed; called in the thread of transcribe_file().
struct TranscriptionEvents {
  std::function<void(const TimedSegment&)> segment;  ///< A segment is final.
  /// About ten times a second. False stops the transcription (Cancelled).
  std::function<bool(const ProgressPoint&)> tick;
  std::function<void(const std::string&)> warning;  ///< Of the element npuwhisper.
  std::function<void(const std::string&)> note;     ///< About the file.
};

/// Transcribes one input with a GStreamer pipeline: anything that decodebin decodes, one audio
/// stream of it; video is not even decoded. Times are those of the file. Blocks until the end of
/// the input, a failure or tick() stop it; Transcript::error tells which. While the caller keeps
/// Engine::open(engine) alive, no file loads the model again. gst_init() comes first. Reentrant.
Transcript transcribe_file(const Input& input, const AudioSelection& audio,
                           const EngineOptions& engine, const TranscriberOptions& options,
                           const TranscriptionEvents& events);

}  // namespace npuwhisper::cli
