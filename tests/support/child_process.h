// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>

namespace npuwhisper::test {

/// Runs `body` in a child of this process, with these environment variables besides its own, and
/// returns what it returns. For what is read once in a process, or ends one. A child that fails a
/// check, is ended by a signal, exits with another status than 0 (a leak, say) or is not done after
/// `timeout` fails the test. Call it before anything in this process starts a thread.
std::string in_child(const std::map<std::string, std::string>& environment,
                     const std::function<std::string()>& body,
                     std::chrono::seconds timeout = std::chrono::seconds(120));

}  // namespace npuwhisper::test
