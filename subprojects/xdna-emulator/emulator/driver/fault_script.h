// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper::emu {

enum class FaultKind : std::uint8_t {
  // Of runs.
  Error,    ///< The run ends immediately in state ERROR.
  Abort,    ///< The run ends immediately in state ABORT.
  Timeout,  ///< The run gets stuck; the driver's watchdog ends it in state TIMEOUT.
  Hang,     ///< The run gets stuck. The watchdog does not end it.
  Lost,     ///< The device is lost during the run: from then on, calls fail with ENODEV.
  Nothing,  ///< The run ends immediately in state COMPLETED, and does nothing.
  Task,     ///< RunFault::DroppedTask.
  Sync,     ///< RunFault::SkippedSync.
  Stale,    ///< RunFault::StaleDescriptor.
  Short,    ///< RunFault::ShortTransfer.
  Stack,    ///< RunFault::StackOverflow.
  // Of loads.
  Load,   ///< The context's configuration fails: its images are refused.
  Dirty,  ///< The array's memories have arbitrary content (see Npu::load()).
};

/// Selects the runs and the loads of images that fail, from the environment variable
/// NPUWHISPER_EMULATOR_FAULTS. Grammar:
///
///     script = fault ("," fault)*
///     fault  = kind "@" n [ "-" m ]
///     kind   = "error" | "abort" | "timeout" | "hang" | "lost" | "nothing" | "task" | "sync" |
///              "stale" | "short" | "stack" | "load" | "dirty"
///
/// The fault affects calls n to m, or only call n if there is no m. Calls are counted from 1 since
/// the process started. For "load" and "dirty", a call is the configuration of a context with the
/// images of all its kernels. For all other kinds, a call is a run. A single command is one run,
/// and a chain has as many runs as members. If a run fails, the skipped runs of its chain are not
/// counted. Example: "error@3,load@2-4".
///
/// Thread-safe.
class FaultScript {
 public:
  /// Parses a script. Errors: InvalidArgument if the script is malformed, with the malformed part.
  static Result<FaultScript> parse(std::string_view text);

  FaultScript() = default;
  FaultScript(FaultScript&& other) noexcept : faults_(std::move(other.faults_)) {}

  /// Counts a run. Returns the fault that the script selects for the run; empty if there is no
  /// fault.
  std::optional<FaultKind> next_run();
  /// Counts the configuration of a context. Returns the fault that the script selects for it.
  std::optional<FaultKind> next_load();

 private:
  struct Fault {
    FaultKind kind;
    std::uint64_t first, last;
  };

  std::optional<FaultKind> find(bool of_load, std::uint64_t n) const;

  std::vector<Fault> faults_;
  std::mutex mutex_;  ///< Guards the counters.
  std::uint64_t n_runs_ = 0;
  std::uint64_t n_loads_ = 0;
};

}  // namespace npuwhisper::emu
