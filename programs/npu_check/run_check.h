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
  /// Error of the output, in the measure of CoreCheck::bound. Infinite if an element is NaN or
  /// infinite; 0 if the check could not run.
  double error = 0;
  double bias = 0;          ///< Bias of the output, in the measure of CoreCheck::bias_bound.
  double milliseconds = 0;  ///< Duration from the submission to the end of the run.
  /// Duration of the run that the planner predicts, dispatch included.
  double predicted_milliseconds = 0;
  std::string problem{};  ///< Empty if the check passed.
};

/// Runs a check on the NPU twice, in a context of its own. The outcome is that of the first run
/// that does not pass, or of the second run. Never fails: CheckOutcome::problem describes errors of
/// the NPU. `image`: path of the array configurations (find_image()).
CheckOutcome run_check(const std::filesystem::path& image, const npu::DesignSpec& spec,
                       const CoreCheck& check);

}  // namespace npuwhisper::npu_check
