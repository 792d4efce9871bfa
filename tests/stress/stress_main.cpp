// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gst/gst.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "footprint.h"
#include "gst/bin/gstnpuwhisperbin.h"
#include "gst/cea608/gsttexttocea608.h"
#include "gst/element/gstnpuwhisper.h"
#include "live_objects.h"
#include "operation_log.h"
#include "programs/common/program_options.h"
#include "round.h"
#include "watchdog.h"

namespace npuwhisper::stress {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kSummary =
    "Performs random operations on the elements, as applications may, from several threads. The\n"
    "first round has the seed of --seed, and each further round has the next seed. To repeat a\n"
    "round, pass its seed as --seed.";
// Runs each situation twice before footprints are compared.
constexpr std::uint64_t kWarmUp = 2 * Round::kSituations;
constexpr std::uint64_t kLeastRounds = kWarmUp + Round::kSituations;

struct Options {
  double seconds = 20;
  std::int64_t seed = 1;
  int hang_after = 60;  // Seconds.
  Plant plant = Plant::None;
};

Result<Plant> plant_of(const std::string& name) {
  static const std::map<std::string, Plant> kPlants = {{"", Plant::None},
                                                       {"critical", Plant::Critical},
                                                       {"leak", Plant::Leak},
                                                       {"hang", Plant::Hang},
                                                       {"descriptor", Plant::Descriptor}};
  const auto found = kPlants.find(name);
  if (found != kPlants.end()) return found->second;
  return fail(ErrorCode::InvalidArgument,
              "--plant: wanted critical, leak, hang or descriptor, found '" + name + "'");
}

Result<Options> parse(int argc, char** argv) {
  Options options;
  std::string plant;
  cli::ProgramOptions program("", kSummary);
  program.add("seconds", options.seconds,
              "Duration in seconds; the first rounds always run (default: 20)");
  program.add("seed", options.seed, "Seed of the first round (default: 1)");
  program.add("hang-after", options.hang_after,
              "Seconds after which an operation counts as hung (default: 60)");
  program.add("plant", plant, "Fault to insert, as a test: critical, leak, hang or descriptor",
              "FAULT");
  program.add_library(gst_init_get_option_group());
  if (auto parsed = program.parse(argc, argv); !parsed) return fail(parsed.error());
  auto planted = plant_of(plant);
  if (!planted) return fail(planted.error());
  options.plant = *planted;
  return options;
}

// Waits until at most `n` threads are left. GStreamer's threads hold references until they end.
// These threads end by themselves. If they do not, the watchdog aborts the process.
void wait_for_threads(std::size_t n, OperationLog& log) {
  const Operation operation(log, "wait for the end of threads: wanted " + std::to_string(n));
  g_thread_pool_stop_unused_threads();
  while (Footprint::now().n_threads > n) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    g_thread_pool_stop_unused_threads();
  }
}

class Stress {
 public:
  explicit Stress(const Options& options) : options_(options) {}

  /// Runs rounds until the time is up and at least kLeastRounds have run, or until a round fails.
  /// Returns true if no round failed and the process's footprint did not grow.
  bool run() {
    const auto end = Clock::now() + std::chrono::duration<double>(options_.seconds);
    for (std::uint64_t n = 0; (n < kLeastRounds || Clock::now() < end) && n_failures_ == 0; ++n) {
      run_round(static_cast<std::uint64_t>(options_.seed) + n, n);
      if (n + 1 == kWarmUp) warm_ = Footprint::now();
    }
    if (const auto grown = warm_ ? growth(*warm_, Footprint::now()) : std::nullopt) {
      report("grown: " + *grown);
    }
    std::cout << n_operations_ << " operations, at most " << most_errors_
              << " ERROR messages of one element; " << Footprint::now().describe() << std::endl;
    return n_failures_ == 0;
  }

 private:
  void run_round(std::uint64_t seed, std::uint64_t n) {
    const std::size_t n_threads = Footprint::now().n_threads;
    const LiveObjects live = count_live_objects();
    Round round(seed, options_.plant, log_);
    std::cout << "round " << n << ", --seed " << seed << ": " << round.describe() << std::flush;
    const auto start = Clock::now();
    for (const std::string& failure : round.run()) report(failure);
    const std::chrono::duration<double> time = Clock::now() - start;
    std::cout << ", " << round.n_operations() << " operations, " << time.count() << " s"
              << std::endl;
    n_operations_ += round.n_operations();
    most_errors_ = std::max(most_errors_, round.most_errors());
    wait_for_threads(n_threads, log_);
    if (const std::string more = describe_more_live_objects(live); !more.empty()) {
      report("still alive:\n" + more);
    }
  }

  void report(const std::string& failure) {
    std::cout << "FAILED: " << failure << std::endl;
    ++n_failures_;
  }

  const Options options_;
  OperationLog log_{"main"};
  std::optional<Footprint> warm_;
  std::uint64_t n_operations_ = 0;
  int most_errors_ = 0;
  int n_failures_ = 0;
};

int run(int argc, char** argv) {
  const auto options = parse(argc, argv);
  if (!options) {
    std::cerr << "stress: " << options.error().message << std::endl;
    return 2;
  }
  gst_element_register(nullptr, "npuwhisper", GST_RANK_NONE, GST_TYPE_NPU_WHISPER);
  gst_element_register(nullptr, "texttocea608", GST_RANK_NONE, GST_TYPE_TEXT_TO_CEA608);
  gst_element_register(nullptr, "npuwhisperbin", GST_RANK_NONE, GST_TYPE_NPU_WHISPER_BIN);
  const Watchdog watchdog{std::chrono::seconds(options->hang_after)};
  return Stress(*options).run() ? 0 : 1;
}

}  // namespace
}  // namespace npuwhisper::stress

int main(int argc, char** argv) {
  setenv("GST_TRACERS", "leaks", 1);
  setenv("G_SLICE", "always-malloc", 0);  // Makes mallinfo2() count GLib's slices.
  // Setting G_DEBUG here would be too late, because GLib reads it before main().
  g_log_set_always_fatal(static_cast<GLogLevelFlags>(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL));
  return npuwhisper::stress::run(argc, argv);
}
