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

  // Members for Action::Run.
  std::string image;                 ///< Value of --image; empty if it is not given.
  std::vector<std::string> command;  ///< COMMAND and its arguments.

  // Members for Action::Build and Action::Pack.
  std::string output;
  std::vector<std::string> inputs;  ///< Build: designs with their kernels. Pack: one image.

  // Members for Action::Build.
  std::vector<std::string> compiler_options;  ///< Options that begin with -D or -I.
  /// Value of --alloc-scheme; empty if it is not given.
  std::string allocation_scheme;
  bool elf = false;

  std::string help;  ///< Text of --help, for Action::ShowHelp.
};

/// Parses the arguments of main(). Checks the array's name and the number of arguments, but opens
/// no file. Errors: InvalidArgument, with a message for the user.
Result<CommandLine> parse_command_line(int argc, const char* const* argv);

}  // namespace npuwhisper::emu
