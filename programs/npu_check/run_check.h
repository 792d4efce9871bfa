// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>

#include "core_checks.h"
#include "design/design_spec.h"

namespace npuwhisper::npu_check {

/// The outcome of a check on the NPU.
struct CheckOutcome {
  bool passed = false;
  double error = 0;                   ///< As CoreCheck::bound; infinite if elements are no numbers.
  double milliseconds = 0;            ///< From the submission to the end of the run.
  double predicted_milliseconds = 0;  ///< By the planner, dispatch included.
  std::string problem{};              ///< Empty if the check passed.
};

/// Runs a check on the NPU, in a context of its own. Never fails: errors of the NPU are in the
/// outcome. `image`: the array configurations (find_image()).
CheckOutcome run_check(const std::filesystem::path& image, const npu::DesignSpec& spec,
                       const CoreCheck& check);

}  // namespace npuwhisper::npu_check
