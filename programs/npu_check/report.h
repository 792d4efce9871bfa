// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include "core_checks.h"
#include "run_check.h"

namespace npuwhisper::npu_check {

/// A check with its outcome, as the reports show it.
struct ReportRow {
  std::string function;
  InputKind input = InputKind::Random;
  double bound = 0;
  CheckOutcome outcome{};
};

/// A report that the owner of an NPU can attach to a bug report. It contains no names of users,
/// computers or folders.
struct Report {
  std::string device;  ///< XRT's name, such as "NPU Strix".
  std::string array;   ///< "npu1" or "npu2".
  std::string image;   ///< File name of the image, which contains a hash.
  unsigned seed = 0;
  std::vector<ReportRow> rows{};

  std::size_t n_failed() const;
};

/// Returns the line of a check, without a line break.
std::string to_line(const ReportRow& row);
/// Returns the last line of the text, without a line break.
std::string summary(const Report& report);
/// Returns the report as a JSON object.
std::string to_json(const Report& report);

}  // namespace npuwhisper::npu_check
