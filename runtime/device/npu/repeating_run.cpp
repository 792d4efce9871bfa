// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/npu/repeating_run.h"

#include <charconv>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <npuwhisper/log.h>

namespace npuwhisper::npu_device {
namespace {

// Default timeout of a run. A run normally takes tens of milliseconds.
constexpr std::chrono::milliseconds kLongestRun{2000};

/// Returns the timeout of a run: $NPUWHISPER_NPU_TIMEOUT_MS if set, else the default.
Result<std::chrono::milliseconds> longest_run() {
  const char* given = std::getenv("NPUWHISPER_NPU_TIMEOUT_MS");
  if (given == nullptr || *given == '\0') return kLongestRun;
  const std::string_view text = given;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value <= 0) {
    return fail(ErrorCode::InvalidArgument, "NPUWHISPER_NPU_TIMEOUT_MS is '" + std::string(text) +
                                                "', wanted milliseconds, at least 1");
  }
  return std::chrono::milliseconds(value);
}

}  // namespace

Result<RepeatingRun> RepeatingRun::create(std::shared_ptr<XrtSession> session, const char* what,
                                          std::span<const std::uint32_t> stream,
                                          std::span<const std::size_t> buffers) {
  const auto longest = longest_run();
  if (!longest) return fail(longest.error());
  const auto run = session->add_run(stream, buffers);
  if (!run) return fail(run.error());
  return RepeatingRun(std::move(session), what, *run, *longest);
}

void RepeatingRun::start() {
  started_ = session_->start(run_);
}

Result<void> RepeatingRun::wait() {
  const auto done = started_ ? session_->wait(longest_) : started_;
  if (done) return done;
  log(LogLevel::Warning,
      done.error().message + "; the context is opened again and the " + what_ + " repeated once");
  if (auto started = session_->start(run_); !started) return started;
  return session_->wait(longest_);
}

Result<void> RepeatingRun::run() {
  start();
  return wait();
}

}  // namespace npuwhisper::npu_device
