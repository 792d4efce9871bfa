// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "input.h"

namespace npuwhisper::cli {

/// How far one input has come.
struct WorkState {
  enum class Kind { NotStarted, Complete, Failed, Partial };

  Kind kind = Kind::NotStarted;
  std::optional<double> text_end = {};  ///< Partial: where its text ends, in seconds. Empty: none.
};

/// What an interrupted run has written, for the user: lines that say which inputs are complete,
/// which one is partial and up to which time, and which ones have not been started. Failed inputs
/// are left out: their errors have been reported. `paths` are those of plan_outputs(); all three
/// have the same size.
std::vector<std::string> describe_kept_work(std::span<const Input> inputs,
                                            std::span<const std::filesystem::path> paths,
                                            std::span<const WorkState> states);

}  // namespace npuwhisper::cli
