// SPDX-License-Identifier: LGPL-2.1-or-later
#include "meta_recorder.h"

#include <utility>

namespace npuwhisper::test {
namespace {

std::string string_of(const GstStructure* fields, const char* name) {
  const char* text = gst_structure_get_string(fields, name);
  return text != nullptr ? text : "(none)";
}

MetaRecord record_of(const GstStructure* fields) {
  MetaRecord record{.text = string_of(fields, "text"), .language = string_of(fields, "language")};
  gst_structure_get(fields, "segment-id", G_TYPE_UINT64, &record.id, "start", G_TYPE_UINT64,
                    &record.start, "end", G_TYPE_UINT64, &record.end, nullptr);
  return record;
}

SoundRecord record_of(GstBuffer* buffer) {
  SoundRecord record{.start = GST_BUFFER_PTS(buffer)};
  if (GST_BUFFER_DURATION_IS_VALID(buffer)) {
    record.end = record.start + GST_BUFFER_DURATION(buffer);
  }
  record.discont = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT);
  GstMapInfo map;
  if (gst_buffer_map(buffer, &map, GST_MAP_READ)) {
    record.samples = map.data;
    gst_buffer_unmap(buffer, &map);
  }
  const GstMetaInfo* wanted = gst_meta_get_info("NpuWhisperMeta");
  gpointer state = nullptr;
  while (GstMeta* meta = gst_buffer_iterate_meta(buffer, &state)) {
    if (meta->info != wanted) continue;
    auto* custom = reinterpret_cast<GstCustomMeta*>(meta);
    record.metas.push_back(record_of(gst_custom_meta_get_structure(custom)));
  }
  return record;
}

}  // namespace

MetaRecorder::MetaRecorder(GstPad* pad) : pad_(GST_PAD(gst_object_ref(pad))) {
  probe_ =
      gst_pad_add_probe(pad_, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, new std::shared_ptr<Log>(log_),
                        [](gpointer log) { delete static_cast<std::shared_ptr<Log>*>(log); });
}

MetaRecorder::~MetaRecorder() {
  gst_pad_remove_probe(pad_, probe_);
  gst_object_unref(pad_);
}

GstPadProbeReturn MetaRecorder::on_buffer(GstPad*, GstPadProbeInfo* info, gpointer data) {
  Log& log = **static_cast<std::shared_ptr<Log>*>(data);
  SoundRecord record = record_of(GST_PAD_PROBE_INFO_BUFFER(info));
  const std::scoped_lock lock(log.mutex);
  log.sounds.push_back(std::move(record));
  log.changed.notify_all();
  return GST_PAD_PROBE_OK;
}

std::vector<SoundRecord> MetaRecorder::sounds() const {
  const std::scoped_lock lock(log_->mutex);
  return log_->sounds;
}

std::vector<MetaRecord> MetaRecorder::metas() const {
  std::vector<MetaRecord> found;
  for (const SoundRecord& sound : sounds()) {
    found.insert(found.end(), sound.metas.begin(), sound.metas.end());
  }
  return found;
}

std::vector<std::string> MetaRecorder::texts() const {
  std::vector<std::string> found;
  for (MetaRecord& meta : metas()) found.push_back(std::move(meta.text));
  return found;
}

bool MetaRecorder::wait_for_sounds(std::size_t n, std::chrono::milliseconds timeout) const {
  std::unique_lock lock(log_->mutex);
  return log_->changed.wait_for(lock, timeout, [&] { return log_->sounds.size() >= n; });
}

}  // namespace npuwhisper::test
