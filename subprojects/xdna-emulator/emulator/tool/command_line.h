// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper::emu {

/// The command line of npuwhisper-emulate.
struct CommandLine {
  enum class Action { ShowHelp, Run, Build, Pack };
  Action action = Action::Run;
  std::string array;  ///< "npu1" or "npu2".

  // Action::Run
  std::string image;                 ///< Value of --image; empty if it is not given.
  std::vector<std::string> command;  ///< At least the program.

  // Action::Build and Action::Pack
  std::string output;
  std::vector<std::string> inputs;  ///< Designs with their kernels, or one image.

  // Action::Build
  std::vector<std::string> compiler_options;  ///< Each begins with -D or -I.
  std::string allocation_scheme;              ///< Empty if it is not given.
  bool elf = false;

  std::string help;  ///< Action::ShowHelp: the text of --help.
};

/// Parses the arguments of main(). Checks the array's name and the number of arguments, but opens
/// no file. Errors: InvalidArgument, with a message for the user.
Result<CommandLine> parse_command_line(int argc, const char* const* argv);

}  // namespace npuwhisper::emu
