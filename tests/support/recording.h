// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <npuwhisper/result.h>

#include <cstdint>
#include <filesystem>
#include <vector>

namespace npuwhisper::test {

/// Returns all audio of a file that GStreamer can decode: 16 kHz, mono, 16 bits. Call gst_init()
/// first. Errors: InvalidArgument, with GStreamer's message; Unavailable (a plugin is missing).
Result<std::vector<std::int16_t>> read_recording(const std::filesystem::path& path);

}  // namespace npuwhisper::test
