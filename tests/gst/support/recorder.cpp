// SPDX-License-Identifier: LGPL-2.1-or-later
#include "recorder.h"

#include <algorithm>
#include <utility>

namespace npuwhisper::test {
namespace {

std::string take(char* text) {
  std::string copy(text);
  g_free(text);
  return copy;
}

Record record_of(GstBuffer* buffer) {
  Record record{.kind = Record::Kind::Buffer};
  record.text.resize(gst_buffer_get_size(buffer));
  gst_buffer_extract(buffer, 0, record.text.data(), record.text.size());
  record.start = GST_BUFFER_PTS(buffer);
  record.end = record.start + GST_BUFFER_DURATION(buffer);
  record.discont = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT);
  return record;
}

Record record_of(GstEvent* event) {
  Record record{.kind = Record::Kind::Event, .type = GST_EVENT_TYPE(event)};
  record.seqnum = gst_event_get_seqnum(event);
  record.text = GST_EVENT_TYPE_NAME(event);
  switch (record.type) {
    case GST_EVENT_GAP: {
      GstClockTime duration = 0;
      record.kind = Record::Kind::Gap;
      gst_event_parse_gap(event, &record.start, &duration);
      record.end = record.start + duration;
      break;
    }
    case GST_EVENT_CAPS: {
      GstCaps* caps = nullptr;
      gst_event_parse_caps(event, &caps);
      record.text = take(gst_caps_to_string(caps));
      break;
    }
    case GST_EVENT_TAG: {
      GstTagList* tags = nullptr;
      gst_event_parse_tag(event, &tags);
      record.text = take(gst_tag_list_to_string(tags));
      break;
    }
    case GST_EVENT_SEGMENT: {
      const GstSegment* segment = nullptr;
      gst_event_parse_segment(event, &segment);
      record.start = segment->start;
      record.end = segment->stop;
      break;
    }
    default:
      break;
  }
  return record;
}

}  // namespace

Recorder::Recorder(GstPad* pad) : pad_(GST_PAD(gst_object_ref(pad))) {
  constexpr auto kWhat =
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM |
                                   GST_PAD_PROBE_TYPE_EVENT_FLUSH);
  probe_ = gst_pad_add_probe(pad_, kWhat, on_data, new std::shared_ptr<Log>(log_),
                             [](gpointer log) { delete static_cast<std::shared_ptr<Log>*>(log); });
}

Recorder::Recorder(GstElement* element)
    : Recorder(std::unique_ptr<GstPad, decltype(&gst_object_unref)>(
                   gst_element_get_static_pad(element, "src"), gst_object_unref)
                   .get()) {}

Recorder::~Recorder() {
  gst_pad_remove_probe(pad_, probe_);
  gst_object_unref(pad_);
}

GstPadProbeReturn Recorder::on_data(GstPad*, GstPadProbeInfo* info, gpointer data) {
  Log& log = **static_cast<std::shared_ptr<Log>*>(data);
  if ((info->type & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
    log.add(record_of(GST_PAD_PROBE_INFO_BUFFER(info)));
  } else {
    log.add(record_of(GST_PAD_PROBE_INFO_EVENT(info)));
  }
  return GST_PAD_PROBE_OK;
}

void Recorder::Log::add(Record record) {
  const std::scoped_lock lock(mutex);
  // A pad sends its sticky events again when it is linked. Records each event once, except
  // SEGMENTs.
  const bool again = record.kind == Record::Kind::Event &&
                     std::any_of(records.begin(), records.end(), [&](const Record& old) {
                       return old.type == record.type && old.seqnum == record.seqnum &&
                              old.text == record.text && record.type != GST_EVENT_SEGMENT;
                     });
  if (!again) records.push_back(std::move(record));
  changed.notify_all();
}

std::vector<Record> Recorder::all() const {
  const std::scoped_lock lock(log_->mutex);
  return log_->records;
}

std::vector<Record> Recorder::buffers() const {
  std::vector<Record> found;
  for (Record& record : all()) {
    if (record.kind == Record::Kind::Buffer) found.push_back(std::move(record));
  }
  return found;
}

std::vector<std::string> Recorder::texts() const {
  std::vector<std::string> found;
  for (const Record& record : buffers()) found.push_back(record.text);
  return found;
}

std::vector<Record> Recorder::events(GstEventType type) const {
  std::vector<Record> found;
  for (Record& record : all()) {
    if (record.type == type) found.push_back(std::move(record));
  }
  return found;
}

void Recorder::clear() {
  const std::scoped_lock lock(log_->mutex);
  log_->records.clear();
}

bool Recorder::wait(const std::function<bool(const std::vector<Record>&)>& wanted,
                    std::chrono::milliseconds timeout) const {
  std::unique_lock lock(log_->mutex);
  return log_->changed.wait_for(lock, timeout, [&] { return wanted(log_->records); });
}

bool Recorder::wait_for_event(GstEventType type) const {
  return wait([type](const std::vector<Record>& records) {
    return std::any_of(records.begin(), records.end(),
                       [type](const Record& record) { return record.type == type; });
  });
}

bool Recorder::wait_for_buffers(std::size_t n) const {
  return wait([n](const std::vector<Record>& records) {
    return static_cast<std::size_t>(std::count_if(
               records.begin(), records.end(),
               [](const Record& record) { return record.kind == Record::Kind::Buffer; })) >= n;
  });
}

std::string Recorder::complaint() const {
  GstClockTime covered = 0;
  bool started = false;
  bool caps = false;
  bool segment = false;
  for (const Record& record : all()) {
    const std::string where = record.text + " at " + std::to_string(record.start);
    if (record.type == GST_EVENT_FLUSH_STOP) segment = false;
    if (record.type == GST_EVENT_STREAM_START) started = true;
    if (record.type == GST_EVENT_CAPS) caps = true;
    if (record.type == GST_EVENT_SEGMENT) {
      segment = true;
      covered = record.start;
    }
    if (record.kind == Record::Kind::Event) continue;
    if (!started || !caps || !segment) return where + " comes before stream, caps or segment";
    if (!GST_CLOCK_TIME_IS_VALID(record.start) || !GST_CLOCK_TIME_IS_VALID(record.end)) {
      return where + " has no time";
    }
    if (record.end <= record.start) return where + " has no duration";
    if (record.start < covered) return where + " overlaps what ended at " + std::to_string(covered);
    covered = record.end;
  }
  return {};
}

}  // namespace npuwhisper::test
