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

// Marks an output that no run has written: two bf16 NaNs, which no correct run writes.
constexpr std::uint32_t kMarker = 0x7fc17fc1;

}  // namespace

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

Result<RepeatingRun> RepeatingRun::create(std::shared_ptr<XrtSession> session, const char* what,
                                          std::span<const std::uint32_t> stream,
                                          std::span<const std::size_t> buffers,
                                          const Output& output) {
  const auto longest = longest_run();
  if (!longest) return fail(longest.error());
  const auto run = session->add_run(stream, buffers);
  if (!run) return fail(run.error());
  return RepeatingRun(std::move(session), what, *run, *longest, output);
}

/// Returns the output's place in the host's memory.
Result<std::uint32_t*> RepeatingRun::marker() {
  const std::span<std::byte> buffer = session_->buffer(output_.buffer);
  if (buffer.size() < output_.offset + sizeof(std::uint32_t)) {
    return fail(ErrorCode::DeviceError, "NPU: the output's buffer cannot be mapped");
  }
  return reinterpret_cast<std::uint32_t*>(buffer.data() + output_.offset);
}

Result<void> RepeatingRun::submit() {
  if (auto opened = session_->open_context(); !opened) return opened;
  const auto place = marker();
  if (!place) return closing(fail(place.error()));
  **place = kMarker;
  const ByteRange range{.offset = output_.offset, .bytes = sizeof kMarker};
  if (auto synced = session_->sync_to_device(output_.buffer, range); !synced) {
    return closing(synced);
  }
  return session_->start(run_);
}

/// Closes the context after an error that the session did not find itself.
Result<void> RepeatingRun::closing(Result<void> error) {
  session_->close_context();
  return error;
}

Result<void> RepeatingRun::finish(const ByteRange& made) {
  if (auto done = session_->wait(longest_); !done) return done;
  if (auto synced = session_->sync_from_device(output_.buffer, made); !synced) {
    return closing(synced);
  }
  const auto place = marker();
  if (!place) return closing(fail(place.error()));
  if (**place != kMarker) return {};
  return closing(fail(ErrorCode::DeviceError, "NPU: a run completed without writing its output"));
}

void RepeatingRun::start() {
  started_ = submit();
}

Result<void> RepeatingRun::wait(const ByteRange& made) {
  const auto done = started_ ? finish(made) : started_;
  if (done) return done;
  log(LogLevel::Warning,
      done.error().message + "; the context is opened again and the " + what_ + " repeated once");
  if (auto started = submit(); !started) return started;
  return finish(made);
}

Result<void> RepeatingRun::run(const ByteRange& made) {
  start();
  return wait(made);
}

}  // namespace npuwhisper::npu_device
