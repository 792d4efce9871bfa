// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <string_view>

#include <npuwhisper/captions.h>
#include <npuwhisper/result.h>

#include "transcript.h"

namespace npuwhisper::cli {

/// Txt: one line a segment. Srt: SubRip. Vtt: WebVTT (https://www.w3.org/TR/webvtt1/).
/// Json: one object and line for each file (JSON Lines).
enum class Format { Txt, Srt, Vtt, Json };

/// The format's name, which is also the usual ending of its files ("srt").
std::string_view to_string(Format format);
/// Errors: InvalidArgument.
Result<Format> parse_format(std::string_view name);
/// The format that a file's name asks for by its ending, in any case: that of to_string(), or
/// "jsonl" for Json. Nothing for other names.
std::optional<Format> format_of_file(const std::filesystem::path& path);

/// How Srt and Vtt cut text into cues.
struct CueOptions {
  /// CaptionStyle::None: a cue is a segment. BuildUp would write everything again and again.
  CaptionLayout layout;
  bool marks_words = false;  ///< Vtt: a timestamp before each word within a cue.
};

/// Writes the transcript of one file to a stream that it borrows. Call order: segment()* finish().
/// Everything but Json is written and flushed as soon as it is known; segments without text are
/// left out of it. A stream that cannot be written to shows that in its own state. Reentrant.
class TranscriptWriter {
 public:
  virtual ~TranscriptWriter() = default;
  virtual void segment(const TimedSegment& segment) = 0;
  virtual void finish(const Transcript& transcript) = 0;
};

/// Writes what must stand before the first segment (WEBVTT). The words of a segment, where it has
/// some, are an array in Json and give the cues of Srt and Vtt their times.
std::unique_ptr<TranscriptWriter> make_writer(Format format, std::ostream& out,
                                              const CueOptions& cues);

}  // namespace npuwhisper::cli
