// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include <npuwhisper/engine.h>
#include <npuwhisper/result.h>
#include <npuwhisper/transcriber.h>

#include "formats.h"
#include "input.h"
#include "transcription.h"

namespace npuwhisper::cli {

/// What the user asked for, checked as far as that goes without the model.
struct CommandLine {
  std::vector<Input> inputs;  ///< Empty only with the options that print and exit.
  Format format = Format::Txt;
  CueOptions cues;
  std::string output;  ///< Empty: stdout. See outputs.h.
  AudioSelection audio;
  EngineOptions engine;
  TranscriberOptions transcriber;
  std::string trace;  ///< File for a trace; empty: none.
  bool list_languages = false;
  bool plan = false;
  bool quiet = false;
  bool version = false;
};

/// Parses the arguments; initialises GStreamer, whose options are taken as well. --help prints and
/// exits. Errors: InvalidArgument, with a message for the user.
Result<CommandLine> parse_command_line(int argc, char** argv);

}  // namespace npuwhisper::cli
