// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include <npuwhisper/result.h>

#include "device/npu/xrt_session.h"

namespace npuwhisper::npu_device {

/// Returns the maximum time of a run: $NPUWHISPER_NPU_TIMEOUT_MS if set, else two seconds. Errors:
/// InvalidArgument (not a number of milliseconds).
Result<std::chrono::milliseconds> longest_run();

/// A run of a session that is repeated once, with a warning in the log, if it fails, does not end
/// in time, or ends without having written its output. (On a Phoenix, the firmware has dropped
/// commands and reported them as completed.) The run must not modify its own inputs. Allocates
/// nothing, except after a failure.
class RepeatingRun {
 public:
  /// Four bytes, at a multiple of 4, that each run writes.
  struct Output {
    std::size_t buffer = 0;  ///< Number of the session's buffer.
    std::size_t offset = 0;
  };

  /// Adds a run to the session. `what`: name of the run in the warning, such as "window". Errors:
  /// InvalidArgument (NPUWHISPER_NPU_TIMEOUT_MS), those of XrtSession::add_run().
  static Result<RepeatingRun> create(std::shared_ptr<XrtSession> session, const char* what,
                                     std::span<const std::uint32_t> stream,
                                     std::span<const std::size_t> buffers, const Output& output);

  /// Makes part of a buffer the value of `argument` until `argument` is bound again. Must not be
  /// called while the run is in flight. Errors: DeviceError.
  Result<void> bind(std::size_t argument, std::size_t buffer, const ByteRange& range) {
    return session_->bind(run_, argument, buffer, range);
  }
  /// Overwrites Output with a NaN, and submits the run. If the submission fails, wait() submits the
  /// run again.
  void start();
  /// Waits until the run has ended, and repeats it once if it fails. Each attempt may take at most
  /// NPUWHISPER_NPU_TIMEOUT_MS, by default two seconds. Then syncs `made`, a part of the output's
  /// buffer that contains Output, from the device. Errors (of the repeated run): Timeout,
  /// DeviceError. After an error the next start() opens a new context.
  Result<void> wait(const ByteRange& made = {});
  /// Submits the run and waits for it as wait() does.
  Result<void> run(const ByteRange& made = {});

 private:
  RepeatingRun(std::shared_ptr<XrtSession> session, const char* what, std::size_t run,
               std::chrono::milliseconds longest, const Output& output)
      : session_(std::move(session)), what_(what), run_(run), longest_(longest), output_(output) {}

  Result<void> submit();
  Result<void> finish(const ByteRange& made);
  Result<void> closing(Result<void> error);
  Result<std::uint32_t*> marker();

  std::shared_ptr<XrtSession> session_;
  const char* what_;
  std::size_t run_;
  std::chrono::milliseconds longest_;
  Output output_;
  Result<void> started_;
};

}  // namespace npuwhisper::npu_device
