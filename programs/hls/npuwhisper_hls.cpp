// SPDX-License-Identifier: LGPL-2.1-or-later

// npuwhisper-hls: writes live video with captions as HTTP Live Streaming. The implementation is in
// hls_stream.cpp.

#include <gst/gst.h>

#include <chrono>
#include <csignal>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <npuwhisper/languages.h>

#include "hls_stream.h"
#include "programs/common/plugin_lookup.h"
#include "programs/common/program_options.h"

namespace npuwhisper::cli {
namespace {

volatile std::sig_atomic_t caught_signal = 0;

void stop_on_signals() {
  struct sigaction action = {};
  action.sa_handler = [](int signal) { caught_signal = signal; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // A second signal kills the program.
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

int complain(const std::string& message) {
  std::cerr << "npuwhisper-hls: " << message << std::endl;
  return 1;
}

constexpr const char* kSummary =
    "Writes a live stream with captions to FOLDER. Players open the file master.m3u8 in FOLDER.\n"
    "SOURCE is a pipeline in the syntax of gst-launch-1.0. It links raw video to `picture.`\n"
    "and raw audio to `speech.`, for example\n"
    "  'uridecodebin uri=rtsp://camera/ name=d  d. ! videoconvert ! picture.  "
    "d. ! audioconvert ! speech.'";

Result<HlsOptions> parse(int argc, char** argv) {
  HlsOptions options;
  int latency = 2000;
  int length = 2;
  int listed = 5;
  std::vector<std::string> rest;
  ProgramOptions program("FOLDER SOURCE", kSummary);
  program.add("language", options.language, "Spoken language (default: auto, detected)",
              "auto|CODE|NAME", 'l');
  program.add("model", options.model, "Model, by name or path (default: base)", "NAME", 'm');
  program.add("latency", latency,
              "Maximum delay from speech to text in milliseconds (default: 2000)", "MS");
  program.add("segment", length, "Duration of a segment (default: 2)", "SECONDS");
  program.add("listed", listed, "Number of segments in the playlists (default: 5; 0: all)");
  program.add_rest(rest);
  program.add_library(gst_init_get_option_group());
  if (auto parsed = program.parse(argc, argv); !parsed) return fail(parsed.error());
  if (rest.size() != 2) {
    return fail(ErrorCode::InvalidArgument, "wanted FOLDER and SOURCE (see --help)");
  }
  if (latency < 1 || length < 1 || listed < 0) {
    return fail(ErrorCode::InvalidArgument,
                "--latency and --segment must be at least 1, --listed at least 0");
  }
  auto language = parse_language(options.language);
  if (!language) return fail(language.error());
  options.language = std::move(*language);
  options.folder = rest[0];
  options.source = rest[1];
  options.length = std::chrono::seconds(length);
  options.n_listed = static_cast<std::size_t>(listed);
  options.latency = std::chrono::milliseconds(latency);
  return options;
}

int run(int argc, char** argv) {
  const auto options = parse(argc, argv);
  if (!options) return complain(options.error().message);
  if (const auto found = find_plugin("npuwhisper"); !found) return complain(found.error().message);
  stop_on_signals();
  auto stream = HlsStream::create(*options);
  if (!stream) return complain(stream.error().message);
  const auto played = (*stream)->run([] { return caught_signal != 0; });
  return played ? 0 : complain(played.error().message);
}

}  // namespace
}  // namespace npuwhisper::cli

int main(int argc, char** argv) {
  return npuwhisper::cli::run(argc, argv);
}
