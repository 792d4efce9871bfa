// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <npuwhisper/guarded.h>

#include <stop_token>
#include <string_view>
#include <thread>
#include <utility>

namespace npuwhisper {

/// Starts `thread`, which must not be running, to call `body(std::stop_token)`. An exception from
/// `body` is passed to `failed(const Error&)` in that thread; `failed` must not throw. The message
/// of this error begins with `name`, whose characters must outlive the thread. Errors: Unavailable
/// (no thread, or no memory for it). Reentrant.
template <typename Body, typename Failed>
Result<void> start_thread(std::jthread& thread, std::string_view name, Body body, Failed failed) {
  return guarded("cannot start a thread", [&]() -> Result<void> {
    thread = std::jthread(
        [name, body = std::move(body), failed = std::move(failed)](const std::stop_token& stop) {
          const Result<void> done = guarded(name, [&]() -> Result<void> {
            body(stop);
            return {};
          });
          if (!done) failed(done.error());
        });
    return {};
  });
}

}  // namespace npuwhisper
