// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include <npuwhisper/captions.h>
#include <npuwhisper/result.h>

#include "transcript.h"

namespace npuwhisper::cli {

/// Txt: one line per segment. Srt: SubRip. Vtt: WebVTT (https://www.w3.org/TR/webvtt1/). Ttml: a
/// document that conforms to EBU-TT-D and to the text profile of IMSC 1.1 (ttml_text.h). Json: one
/// object on one line per file (JSON Lines).
enum class Format { Txt, Srt, Vtt, Ttml, Json };

/// Returns whether a text in this format consists of cues. A file holds the cues of one input.
constexpr bool has_cues(Format format) {
  return format == Format::Srt || format == Format::Vtt || format == Format::Ttml;
}

/// Returns the format's name, which is also the usual extension of its files ("srt").
std::string_view to_string(Format format);
/// Returns the format with this name. Errors: InvalidArgument.
Result<Format> parse_format(std::string_view name);
/// Returns the format for the extension of a file name. The extension is the to_string() of a
/// format, or "jsonl" for Json, in upper or lower case. Returns nullopt for other names.
std::optional<Format> format_of_file(const std::filesystem::path& path);

/// Options for the division of text into cues, in formats with has_cues().
struct CueOptions {
  /// CaptionStyle::None: each segment is one cue. BuildUp is unsuitable: successive cues would
  /// repeat text.
  CaptionLayout layout;
  bool marks_words = false;  ///< Vtt: writes a timestamp before each word within a cue.
  /// Whisper's code of the text's language. Empty: the language of the speech, which each segment
  /// states.
  std::string language{};
};

/// Writes the transcript of one file to a stream, which it does not own. Call order: segment()*
/// finish(). All formats but Json write and flush text as soon as it is known, and leave out
/// segments without text. Write errors are reported only by the stream's own state. Reentrant.
class TranscriptWriter {
 public:
  virtual ~TranscriptWriter() = default;
  virtual void segment(const TimedSegment& segment) = 0;
  virtual void finish(const Transcript& transcript) = 0;
};

/// Creates a writer and writes the header that must precede the first segment (WEBVTT). If a
/// segment has words, they become an array in Json and set the times of cues. A Ttml document is
/// complete only after finish(), and its language is that of the first segment.
std::unique_ptr<TranscriptWriter> make_writer(Format format, std::ostream& out,
                                              const CueOptions& cues);

}  // namespace npuwhisper::cli
