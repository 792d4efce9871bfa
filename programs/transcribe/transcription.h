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

/// Selects the audio of a file to transcribe.
struct AudioSelection {
  /// Number of the audio track, from 1. 0: the first track, with a note to the user if there are
  /// other tracks.
  int track = 0;
  TimeSpan span;
};

/// Callbacks during the transcription of a file. Called in the thread of transcribe_file().
struct TranscriptionEvents {
  std::function<void(const TimedSegment&)> segment;  ///< Receives each final segment.
  /// Called about ten times a second. Returning false stops the transcription (Cancelled).
  std::function<bool(const ProgressPoint&)> tick;
  std::function<void(const std::string&)> warning;  ///< Receives warnings of the element.
  std::function<void(const std::string&)> note;     ///< Receives notes about the file.
};

/// Transcribes one audio stream of an input with a GStreamer pipeline. The input may be anything
/// that decodebin decodes. Video is not decoded. Times in the transcript are those of the file.
/// Blocks until the input ends, an error occurs, or tick() returns false. Sets Transcript::error
/// unless the input has ended normally and the selected part contains audio. The model is not
/// loaded again for each file while the caller holds the result of Engine::open(engine). Call
/// gst_init() first. Reentrant.
Transcript transcribe_file(const Input& input, const AudioSelection& audio,
                           const EngineOptions& engine, const TranscriberOptions& options,
                           const TranscriptionEvents& events);

}  // namespace npuwhisper::cli
