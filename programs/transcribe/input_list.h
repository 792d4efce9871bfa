// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <fstream>
#include <istream>
#include <optional>
#include <string>

#include <npuwhisper/result.h>

namespace npuwhisper::cli {

/// The names of inputs in a file or on stdin, one per line. The file may be a pipe whose names
/// arrive over time. Reentrant.
class InputList {
 public:
  static constexpr std::size_t kMostBytes = 32'768;  ///< Longest name.

  /// Opens the list. `place` is a path, or - for stdin. Errors: NotFound.
  static Result<InputList> open(const std::string& place);

  /// Waits for the next name and returns it. Skips empty lines. Returns nullopt at the end of the
  /// list, and after a signal that interrupts the wait. Errors: InvalidArgument if the name is
  /// longer than kMostBytes; the list cannot be read further.
  Result<std::optional<std::string>> next();

 private:
  InputList() = default;

  std::optional<std::ifstream> file_;  // Empty for stdin.
  std::string place_;
};

}  // namespace npuwhisper::cli
