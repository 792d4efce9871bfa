// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>

namespace npuwhisper::emu::test {

/// Writes a design's text to a separate file in the folder that the environment variable
/// NPUWHISPER_KEEP_DESIGNS names. Does nothing if the variable is not set. The designs of the tests
/// are seeds for the fuzzer of MLIR text (tests/fuzz/run).
void keep_design(std::string_view text);

}  // namespace npuwhisper::emu::test
