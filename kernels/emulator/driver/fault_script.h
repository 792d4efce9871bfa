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
  Error,    ///< The run ends at once in state ERROR.
  Abort,    ///< The run ends at once in state ABORT.
  Timeout,  ///< The run gets stuck; the driver's watchdog ends it in state TIMEOUT.
  Hang,     ///< The run gets stuck and the watchdog does not see it: it never completes.
  Load,     ///< The image is refused.
  Lost,     ///< The device goes away with this run and does not come back.
};

/// Which run or which load of an image goes wrong, from the environment variable
/// NPUWHISPER_EMULATOR_FAULTS. Grammar:
///
///     script = fault ("," fault)*
///     fault  = kind "@" n [ "-" m ]
///     kind   = "error" | "abort" | "timeout" | "hang" | "load" | "lost"
///
/// n counts from 1 since the process started, and so does m: the fault hits the calls n to m, and
/// without m the n-th only. For "load" a call is the loading of an image, with all its kernels, into
/// a context, for the others a run: a single command is one run, a chain as many as it has members,
/// and a run that is skipped because one before it in its chain failed is not counted. Example:
/// "error@3,load@2-4".
///
/// Thread-safe.
class FaultScript {
 public:
  /// Errors: InvalidArgument, for a script that is malformed, with the part that is.
  static Result<FaultScript> parse(std::string_view text);

  FaultScript() = default;
  FaultScript(FaultScript&& other) noexcept : faults_(std::move(other.faults_)) {}

  /// Counts a run; the fault that hits it, if any.
  std::optional<FaultKind> next_run();
  /// Counts a load; whether it fails.
  bool next_load_fails();

 private:
  struct Fault {
    FaultKind kind;
    std::uint64_t first, last;
  };

  std::vector<Fault> faults_;
  std::mutex mutex_;  ///< Guards the counters.
  std::uint64_t n_runs_ = 0;
  std::uint64_t n_loads_ = 0;
};

}  // namespace npuwhisper::emu
