// SPDX-License-Identifier: LGPL-2.1-or-later
#include "segment_meta.h"

#include <atomic>

namespace npuwhisper {

void register_segment_meta() {
  static const GstMetaInfo* const info = [] {
    // The meta has no tags, because the text stays valid if samples, rate or channels change.
    static const gchar* no_tags[] = {nullptr};
    return gst_meta_register_custom(kSegmentMetaName, no_tags, nullptr, nullptr, nullptr);
  }();
  (void)info;
}

std::uint64_t next_segment_meta_id() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

void add_segment_meta(GstBuffer* buffer, const SegmentMeta& meta) {
  GstCustomMeta* added = gst_buffer_add_custom_meta(buffer, kSegmentMetaName);
  gst_structure_set(gst_custom_meta_get_structure(added), "segment-id", G_TYPE_UINT64,
                    static_cast<guint64>(meta.id), "start", G_TYPE_UINT64, meta.start, "end",
                    G_TYPE_UINT64, meta.end, "text", G_TYPE_STRING, meta.text.c_str(), "language",
                    G_TYPE_STRING, meta.language.c_str(), nullptr);
}

}  // namespace npuwhisper
