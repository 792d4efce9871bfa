// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <string>

namespace npuwhisper {

/// What was said in the audio that a buffer holds: the custom meta `NpuWhisperMeta` of the pad
/// `audio_src`. Elements that pass or convert audio keep it; some repeat it on several buffers
/// (encoders), hence the id. A buffer may have several.
struct SegmentMeta {
  std::uint64_t id = 0;    ///< Of this text; no other in this process has it. From 1 on.
  GstClockTime start = 0;  ///< In the buffer timestamps of the element's input, like `src`'s.
  GstClockTime end = 0;
  std::string text;      ///< Valid UTF-8, as the model wrote it (usually with a leading space).
  std::string language;  ///< Whisper's code; empty: not known yet.
};

inline constexpr const char* kSegmentMetaName = "NpuWhisperMeta";

/// Makes the meta's type known. Once, before the first add_segment_meta(); more often does no harm.
void register_segment_meta();
/// The next id. Thread-safe.
std::uint64_t next_segment_meta_id();
/// Adds `meta` to a writable buffer as a structure: segment-id, start, end (guint64, ns), text,
/// language (string).
void add_segment_meta(GstBuffer* buffer, const SegmentMeta& meta);

}  // namespace npuwhisper
