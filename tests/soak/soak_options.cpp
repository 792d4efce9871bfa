// SPDX-License-Identifier: LGPL-2.1-or-later
#include "soak_options.h"

#include <gst/gst.h>

#include "programs/common/program_options.h"

namespace npuwhisper::soak {
namespace {

constexpr const char* kSummary =
    "Plays hours of live input to the element and watches its text, its times and its memory.\n"
    "Without --model the input is tones, and a test device transcribes them. With --model the\n"
    "input is the FILEs, in an endless loop. A test clock lets hours pass as fast as the CPU "
    "allows;\n"
    "--real-time uses the system clock.";

}  // namespace

Result<SoakOptions> parse_soak_options(int argc, char** argv) {
  SoakOptions options;
  std::int64_t seed = 1;
  int latency = 3000;
  cli::ProgramOptions program("[FILE...]", kSummary);
  program.add("model", options.model, "A real model, such as base", "NAME|PATH");
  program.add("hours", options.hours, "Duration of the stream in hours (default: 4)");
  program.add("seed", seed, "Seed of the random events (default: 1)");
  program.add("latency", latency, "Latency of the element (default: 3000)", "MS");
  program.add("plain", options.plain, "Only audio: no seeks, gaps or changes");
  program.add("real-time", options.real_time, "Use the system clock");
  program.add("overload", options.overload,
              "Occasionally send more audio at once than can be processed");
  program.add("set", options.properties,
              "Any property of the element; may be given more than once");
  program.add_rest(options.files);
  program.add_library(gst_init_get_option_group());
  if (auto parsed = program.parse(argc, argv); !parsed) return fail(parsed.error());

  if (options.model.empty() != options.files.empty()) {
    return fail(ErrorCode::InvalidArgument, "wanted --model and FILEs, or neither");
  }
  if (options.hours <= 0) return fail(ErrorCode::InvalidArgument, "--hours: wanted more than 0");
  if (latency < 1000) {
    return fail(ErrorCode::InvalidArgument, "--latency: wanted 1000 or more");
  }
  options.seed = static_cast<std::uint64_t>(seed);
  options.latency_ms = static_cast<unsigned>(latency);
  return options;
}

}  // namespace npuwhisper::soak
