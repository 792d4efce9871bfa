// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <filesystem>

#include <npuwhisper/api.h>
#include <npuwhisper/result.h>

namespace npuwhisper {

/// What one recording holds unless asked otherwise: about 10 MB; hours of one stream.
inline constexpr std::size_t kTraceSpans = std::size_t{1} << 18;

/// Begins to record what the library does in this process and when: the stages of all streams (mel,
/// encoder, cross, decoder steps, text) and the runs of the device. `file` is made at once; all
/// memory is allocated here. Of more than `max_spans` spans the latest are kept. One recording at a
/// time. Thread-safe.
/// Errors: Unavailable (the file cannot be written, or a recording is under way).
NPUWHISPER_API Result<void> start_trace(const std::filesystem::path& file,
                                        std::size_t max_spans = kTraceSpans);

/// Ends the recording and adds it to its file: Chrome trace JSON, for https://ui.perfetto.dev or
/// chrome://tracing. Times are those of the steady clock. Without a recording it does nothing.
/// Thread-safe. Errors: Unavailable.
NPUWHISPER_API Result<void> stop_trace();

}  // namespace npuwhisper
