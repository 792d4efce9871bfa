// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <npuwhisper/result.h>

#include <cstdint>
#include <filesystem>
#include <vector>

namespace npuwhisper::test {

/// Returns all audio of a file that GStreamer can decode, as 16-bit mono samples at 16 kHz. Call
/// gst_init() first. Errors: InvalidArgument with GStreamer's message, or Unavailable if a plugin
/// is missing.
Result<std::vector<std::int16_t>> read_recording(const std::filesystem::path& path);

}  // namespace npuwhisper::test
