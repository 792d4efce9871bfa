// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <string>

namespace npuwhisper {

/// The text spoken in the audio of a buffer. The pad `audio_src` attaches this text as the custom
/// meta `NpuWhisperMeta`. Elements that pass or convert audio keep the meta. Some elements
/// (encoders) repeat the meta on several buffers; the id identifies the repetitions. A buffer may
/// have several metas.
struct SegmentMeta {
  std::uint64_t id = 0;    ///< Unique to this text within the process; at least 1.
  GstClockTime start = 0;  ///< Buffer timestamp of the input, like the text on `src`.
  GstClockTime end = 0;    ///< Buffer timestamp of the input, like `start`.
  std::string text;        ///< Valid UTF-8, as the model wrote it (usually with a leading space).
  std::string language;    ///< Whisper's language code; empty if not known yet.
};

inline constexpr const char* kSegmentMetaName = "NpuWhisperMeta";

/// Registers the meta's type. Must be called before the first add_segment_meta(). Further calls
/// have no effect.
void register_segment_meta();
/// Returns the next id. Thread-safe.
std::uint64_t next_segment_meta_id();
/// Adds `meta` to a writable buffer as a structure with the fields segment-id (guint64), start, end
/// (guint64, ns), text, language (string).
void add_segment_meta(GstBuffer* buffer, const SegmentMeta& meta);

}  // namespace npuwhisper
