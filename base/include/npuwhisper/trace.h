// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <filesystem>

#include <npuwhisper/api.h>
#include <npuwhisper/result.h>

namespace npuwhisper {

/// Default capacity of a recording, in spans. The spans take 12 MiB and cover hours of one stream.
inline constexpr std::size_t kTraceSpans = std::size_t{1} << 18;

/// Starts a recording of the library's activity in this process. The recording contains the times
/// of the stages of all streams (such as log-mel, encoder and decoder steps) and of the runs of the
/// device. Creates `file`, and allocates the memory for all spans before it returns. Keeps the
/// latest `max_spans` spans. There can be one recording at a time. Thread-safe. Errors: Unavailable
/// (the file cannot be written, there is not enough memory, or a recording is in progress).
NPUWHISPER_API Result<void> start_trace(const std::filesystem::path& file,
                                        std::size_t max_spans = kTraceSpans);

/// Ends the recording and writes it to its file as Chrome trace JSON, for https://ui.perfetto.dev
/// or chrome://tracing. Times are those of the steady clock. Does nothing if there is no recording.
/// Thread-safe. Errors: Unavailable, InvalidArgument (another program replaced the content of the
/// file).
NPUWHISPER_API Result<void> stop_trace();

}  // namespace npuwhisper
