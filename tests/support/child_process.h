// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>

namespace npuwhisper::test {

/// Runs `body` in a child of this process, with these additional environment variables, and returns
/// its result. Use it to test settings that are read once per process, or code that ends the
/// process. The test fails if the child fails a check, is killed by a signal or has not finished
/// after `timeout`. It also fails if the child exits with a status other than 0, for example
/// because of a leak. Call this function before this process starts any thread.
std::string in_child(const std::map<std::string, std::string>& environment,
                     const std::function<std::string()>& body,
                     std::chrono::seconds timeout = std::chrono::seconds(120));

}  // namespace npuwhisper::test
