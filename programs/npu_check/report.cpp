// SPDX-License-Identifier: LGPL-2.1-or-later
#include "report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>

#include <nlohmann/json.hpp>

namespace npuwhisper::npu_check {

std::size_t Report::n_failed() const {
  return static_cast<std::size_t>(std::count_if(
      rows.begin(), rows.end(), [](const ReportRow& row) { return !row.outcome.passed; }));
}

std::string to_line(const ReportRow& row) {
  std::array<char, 160> text{};
  std::snprintf(text.data(), text.size(),
                "%-6s  %-33s  %-10s  error %8.2g of at most %7.2g  %8.3f ms",
                row.outcome.passed ? "passed" : "FAILED", row.function.c_str(),
                to_string(row.input), row.outcome.error, row.bound, row.outcome.milliseconds);
  return row.outcome.problem.empty() ? std::string(text.data())
                                     : text.data() + (": " + row.outcome.problem);
}

std::string summary(const Report& report) {
  const std::size_t n_failed = report.n_failed();
  const std::string of = std::to_string(report.rows.size()) + " checks";
  return n_failed == 0 ? "all " + of + " passed"
                       : std::to_string(n_failed) + " of " + of + " failed";
}

std::string to_json(const Report& report) {
  nlohmann::ordered_json checks = nlohmann::ordered_json::array();
  for (const ReportRow& row : report.rows) {
    const CheckOutcome& outcome = row.outcome;
    checks.push_back({{"function", row.function},
                      {"input", to_string(row.input)},
                      {"passed", outcome.passed},
                      {"bias", outcome.bias},
                      // JSON has no infinity.
                      {"error", std::isfinite(outcome.error) ? nlohmann::ordered_json(outcome.error)
                                                             : nlohmann::ordered_json()},
                      {"bound", row.bound},
                      {"milliseconds", outcome.milliseconds},
                      {"predicted_milliseconds", outcome.predicted_milliseconds},
                      {"problem", outcome.problem}});
  }
  const nlohmann::ordered_json all = {{"device", report.device},       {"array", report.array},
                                      {"image", report.image},         {"seed", report.seed},
                                      {"n_failed", report.n_failed()}, {"checks", checks}};
  return all.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace npuwhisper::npu_check
