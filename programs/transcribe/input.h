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
  std::string given;     ///< The text on the command line.
  std::string location;  ///< The path or URI; empty for Stdin.
  /// Base for the name of an output file. For stdin: "stdin". Otherwise: the last part of the path.
  /// For a URI without a path: its host, or its scheme if there is no host. The name of a URI
  /// excludes the query, and %-escapes are decoded.
  std::string name;
};

/// Parses one FILE without accessing it. Errors: InvalidArgument if `text` is a URI that cannot be
/// parsed, or a file:// URI of another host. Reentrant.
Result<Input> parse_input(const std::string& text);

/// Checks, as far as possible without GStreamer, that the program can read `input`. Fails if a
/// local file does not exist, is not readable, is empty, or is a folder. Errors: NotFound,
/// InvalidArgument.
Result<void> check_input(const Input& input);

}  // namespace npuwhisper::cli
