// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include <npuwhisper/result.h>

#include "device/xrt/xrt_session.h"

namespace npuwhisper::xdna {

/// A run of a session that is repeated once, with a warning in the log, if it fails or is not done
/// in time; what it reads must still be what it was. Allocates nothing, but in a failure.
class RepeatingRun {
 public:
  /// `what` it does, as the warning calls it: "window". Errors: InvalidArgument
  /// (NPUWHISPER_NPU_TIMEOUT_MS), those of XrtSession::add_run().
  static Result<RepeatingRun> create(std::shared_ptr<XrtSession> session, const char* what,
                                     std::span<const std::uint32_t> stream,
                                     std::span<const std::size_t> buffers);

  /// Part of a buffer as an argument, until the next time; not while it runs. Errors: DeviceError.
  Result<void> bind(std::size_t argument, std::size_t buffer, const ByteRange& range) {
    return session_->bind(run_, argument, buffer, range);
  }
  /// Submits it. If that fails, wait() repeats it.
  void start();
  /// Errors of the second time: Timeout, DeviceError; the next start() begins in a new context.
  Result<void> wait(std::chrono::milliseconds timeout);
  /// Both, with no other limit than that of every run: two seconds (on the emulated NPU, ten
  /// minutes), or NPUWHISPER_NPU_TIMEOUT_MS.
  Result<void> run();

 private:
  RepeatingRun(std::shared_ptr<XrtSession> session, const char* what, std::size_t run,
               std::chrono::milliseconds longest)
      : session_(std::move(session)), what_(what), run_(run), longest_(longest) {}
  Result<void> finish(std::chrono::milliseconds timeout);

  std::shared_ptr<XrtSession> session_;
  const char* what_;
  std::size_t run_;
  std::chrono::milliseconds longest_;
  Result<void> started_;
};

}  // namespace npuwhisper::xdna
