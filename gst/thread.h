// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <npuwhisper/guarded.h>

#include <stop_token>
#include <string_view>
#include <thread>
#include <utility>

namespace npuwhisper {

/// Starts `thread`, which has ended, to call `body(std::stop_token)`. An exception that `body`
/// throws goes to `failed(const Error&)`, which must not throw, in that thread. Errors: Unavailable
/// (the system gives no thread, or no memory for it). Reentrant.
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
