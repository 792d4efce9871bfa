// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <npuwhisper/result.h>

#include <cstdint>
#include <filesystem>
#include <vector>

namespace npuwhisper::test {

/// All audio of a file that GStreamer decodes: 16 kHz, mono, 16 bits. gst_init() comes before.
/// Errors: InvalidArgument, with what GStreamer says about the file.
Result<std::vector<std::int16_t>> read_recording(const std::filesystem::path& path);

}  // namespace npuwhisper::test
