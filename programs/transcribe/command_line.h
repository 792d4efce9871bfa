// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include <npuwhisper/engine.h>
#include <npuwhisper/result.h>
#include <npuwhisper/transcriber.h>

#include "formats.h"
#include "input.h"
#include "outputs.h"
#include "transcription.h"

namespace npuwhisper::cli {

/// The command line, parsed and checked as far as possible without the model.
struct CommandLine {
  std::vector<Input> inputs;    ///< Empty with --files-from, or if the program prints and exits.
  std::string list;             ///< Value of --files-from; empty: the inputs are `inputs`.
  std::vector<Output> outputs;  ///< At least one.
  CueOptions cues;
  AudioSelection audio;
  EngineOptions engine;
  TranscriberOptions transcriber;
  std::string trace;  ///< Trace file; empty: no trace.
  bool list_languages = false;
  bool list_caption_styles = false;
  bool plan = false;
  bool quiet = false;
  bool version = false;
};

/// Parses the arguments and initialises GStreamer, whose options are accepted too. --help prints
/// and exits. Errors: InvalidArgument, with a message for the user.
Result<CommandLine> parse_command_line(int argc, char** argv);

}  // namespace npuwhisper::cli
