// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include <npuwhisper/result.h>

namespace npuwhisper::cli {

/// One FILE of the command line: stdin ("-"), a local file (a path or a file:// URI) or another
/// URI.
struct Input {
  enum class Kind { Stdin, File, Uri };

  Kind kind = Kind::File;
  std::string given;     ///< As on the command line.
  std::string location;  ///< The path or URI; empty for Stdin.
  /// File name for naming the output: the last part of the path, for a URI without its query and
  /// with its %-escapes decoded, or the host where there is no path; "stdin".
  std::string name;
};

/// Errors: InvalidArgument if `text` is a URI that cannot be parsed, or a file:// URI of another
/// host. Does not look at the file. Reentrant.
Result<Input> parse_input(const std::string& text);

/// Why the program cannot read `input`, as far as that is known without GStreamer: no such file, no
/// permission, a folder, an empty file. Errors: NotFound, InvalidArgument.
Result<void> check_input(const Input& input);

}  // namespace npuwhisper::cli
