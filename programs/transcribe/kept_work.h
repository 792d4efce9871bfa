// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "input.h"
#include "outputs.h"

namespace npuwhisper::cli {

/// Progress of one input.
struct WorkState {
  enum class Kind { NotStarted, Complete, Failed, Partial };

  Kind kind = Kind::NotStarted;
  /// End of the text of a Partial input, in seconds. Empty if there is no text.
  std::optional<double> text_end = {};
};

/// Returns lines for the user that describe the output of an interrupted run: which inputs are
/// complete, which one is partial and up to which time, and which ones have not been started.
/// Failed inputs are left out because their errors have been reported. `paths` come from
/// plan_texts(). All three arguments have the same size.
std::vector<std::string> describe_kept_work(std::span<const Input> inputs,
                                            std::span<const TextPaths> paths,
                                            std::span<const WorkState> states);

}  // namespace npuwhisper::cli
