// SPDX-License-Identifier: LGPL-2.1-or-later
//
// npuwhisper-npu-check: runs each function of the encoder's cores on the NPU, and compares its
// results with a reference in plain C++.
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "core_checks.h"
#include "design/design_spec.h"
#include "device/npu/npu_image.h"
#include "device/npu/xrt_session.h"
#include "report.h"
#include "run_check.h"

namespace npuwhisper::npu_check {
namespace {

constexpr std::string_view kHelp =
    R"(Checks the functions of the NPU's cores against a reference on the CPU.

usage: npuwhisper-npu-check [--json FILE] [--seed N]
  --json FILE  also writes the report as JSON to FILE
  --seed N     seed of the random inputs (default: 1)
  --help       prints this text

Each function gets random, edge and saturating inputs, in two runs and a context of its own. The
error is the root mean square of the differences, divided by the root mean square of the reference.
A run may take two seconds, or the milliseconds in $NPUWHISPER_NPU_TIMEOUT_MS.
The image is the installed one, or the file that $NPUWHISPER_NPU_IMAGE names. The report contains no
names of users, computers or folders, so you can attach it to a bug report.

The exit status is 0 if all checks passed, 1 if a check failed or there is no NPU, and 2 for wrong
arguments.
)";

struct Options {
  std::filesystem::path json{};
  unsigned seed = 1;
  bool help = false;
};

std::optional<unsigned> number(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value)
                                                                  : std::nullopt;
}

/// Returns the options, or nullopt if the arguments are wrong.
std::optional<Options> parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const bool has_value = i + 1 < argc;
    if (word == "--help" || word == "-h") {
      options.help = true;
    } else if (word == "--json" && has_value) {
      options.json = argv[++i];
    } else if (word == "--seed" && has_value) {
      const auto seed = number(argv[++i]);
      if (!seed) return std::nullopt;
      options.seed = *seed;
    } else {
      return std::nullopt;
    }
  }
  return options;
}

/// Runs all checks, and prints a line for each. Errors: those of XrtSession::open() and
/// find_image().
Result<Report> run_checks(unsigned seed) {
  const auto session = npu_device::XrtSession::open();
  if (!session) return fail(session.error());
  const std::string& array = (*session)->array();
  const auto spec = npu::make_design_spec(array, 4, array == "npu1" ? 4 : 8);
  if (!spec) return fail(spec.error());
  const auto image = npu_device::find_image(array);
  if (!image) return fail(image.error());
  Report report{.device = (*session)->name(),
                .array = array,
                .image = image->filename().string(),
                .seed = seed};
  std::cout << report.device << ", " << report.image << std::endl;
  for (const CoreCheck& check : make_core_checks(*spec, seed)) {
    report.rows.push_back({.function = check.function,
                           .input = check.input,
                           .bound = check.bound,
                           .outcome = run_check(*image, *spec, check)});
    std::cout << to_line(report.rows.back()) << std::endl;
  }
  std::cout << summary(report) << std::endl;
  return report;
}

int run(const Options& options) {
  const auto report = run_checks(options.seed);
  if (!report) {
    std::cerr << "npuwhisper-npu-check: " << report.error().message << '\n';
    return 1;
  }
  if (!options.json.empty() && !(std::ofstream(options.json) << to_json(*report) << '\n')) {
    std::cerr << "npuwhisper-npu-check: cannot write " << options.json.string() << '\n';
    return 1;
  }
  return report->n_failed() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace npuwhisper::npu_check

int main(int argc, char** argv) {
  const auto options = npuwhisper::npu_check::parse(argc, argv);
  if (!options) {
    std::cerr << "usage: npuwhisper-npu-check [--json FILE] [--seed N] (see --help)\n";
    return 2;
  }
  if (options->help) {
    std::cout << npuwhisper::npu_check::kHelp;
    return 0;
  }
  return npuwhisper::npu_check::run(*options);
}
