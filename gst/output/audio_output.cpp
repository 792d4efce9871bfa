// SPDX-License-Identifier: LGPL-2.1-or-later
#include "audio_output.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "gst/support/superseded_events.h"
#include "gst/support/timeline.h"

namespace npuwhisper {
namespace {

// The limit of audio held when not live, in samples (66 s), in addition to the transcriber's
// longest lag. The text of this audio is not known yet if the audio is also in the input queue.
// Otherwise, the audio waits for a sink.
constexpr std::int64_t kMostOther = 66 * kSampleRate;
// The number of samples of live audio that may be held in addition to those of the latency.
constexpr std::int64_t kLiveSlack = 2 * kSampleRate;
// The limit of texts held. It is reached only if the audio of the texts was dropped, so that no
// buffer takes the texts.
constexpr std::size_t kMostSaid = 4096;
// The limit of events. It exceeds one event per 10 ms of the audio held for a transcriber that
// decodes one window at a time, so that a slow sink loses no events.
constexpr std::size_t kMostEvents = 10000;
// Number of buffers that may be held in addition to one buffer per 10 ms of the limit of audio.
constexpr std::size_t kMoreBuffers = 400;
// Live audio is pushed at most this long after Latency::deadline() has reached its start. That
// deadline includes a lead of up to kGapLead.
constexpr auto kTick = std::chrono::milliseconds(20);

}  // namespace

void AudioOutput::set_sync(bool sync) {
  sync_ = sync;
  wake();
}

void AudioOutput::set_longest_lag(std::int64_t n_samples) {
  longest_lag_ = n_samples;
  wake();
}

GstClockTime AudioOutput::start_of(const GstBuffer* buffer, std::int64_t n_samples) {
  const GstClockTime pts = GST_BUFFER_PTS(buffer);
  const GstClockTime start = GST_CLOCK_TIME_IS_VALID(pts) ? pts : next_time_;
  next_time_ = start + samples_to_time(n_samples);
  return start;
}

std::int64_t AudioOutput::most_samples() const {
  return longest_lag_ + kMostOther;
}

std::size_t AudioOutput::most_buffers() const {
  return static_cast<std::size_t>(most_samples() / (kSampleRate / 100)) + kMoreBuffers;
}

std::int64_t AudioOutput::write(GstBuffer* buffer, GstClockTime start, std::int64_t n_samples) {
  std::unique_lock lock(mutex_);
  if (is_idle()) return 0;
  const std::int64_t n_dropped = make_room(lock);
  if (is_idle()) return n_dropped;
  n_samples_ += n_samples;
  ++n_buffers_;
  const GstClockTime end = start + samples_to_time(n_samples);
  items_.push_back({BufferPtr(gst_buffer_ref(buffer)), n_marks_, start, end, n_samples});
  changed_.notify_all();
  return n_dropped;
}

std::int64_t AudioOutput::make_room(std::unique_lock<std::mutex>& lock) {
  changed_.wait(lock, [this] { return latency_.live() || has_room() || is_idle(); });
  if (is_idle() || has_room()) return 0;
  std::erase_if(items_, [](const Item& item) { return event_of(item) == nullptr; });
  n_buffers_ = 0;
  discont_ = true;
  const std::int64_t n_dropped = std::exchange(n_samples_, 0);
  counters_.audio_dropped_samples.fetch_add(static_cast<std::uint64_t>(n_dropped),
                                            std::memory_order_relaxed);
  return n_dropped;
}

// Returns whether the queue has room for another buffer. The caller holds the mutex.
bool AudioOutput::has_room() const {
  if (n_buffers_ >= most_buffers()) return false;
  if (!latency_.live()) {
    const auto is_buffer = [](const Item& item) { return event_of(item) == nullptr; };
    const auto first = std::find_if(items_.begin(), items_.end(), is_buffer);
    // The oldest buffer may be of any length, so it does not count. Its text is known at the latest
    // when the audio after it reaches the limit.
    return first == items_.end() || n_samples_ - first->n_samples < most_samples();
  }
  // Sources that do not pace their data (such as RTP) may deliver audio of this duration in one
  // burst.
  const GstClockTime wait = latency_.upstream() + latency_.budget();
  return n_samples_ < time_to_samples(wait) + kLiveSlack;
}

std::size_t AudioOutput::write(GstEvent* event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) {
    const GstSegment* segment = nullptr;
    gst_event_parse_segment(event, &segment);
    next_time_ = segment->format == GST_FORMAT_TIME ? segment->start : 0;
  }
  const std::scoped_lock lock(mutex_);
  if (is_mark(event)) ++n_marks_;
  if (flushing_ && !survives_flush(event)) return 0;
  EventPtr owned(gst_event_ref(event));
  note_written(owned);
  if (active_) queue_event(std::move(owned));
  return std::exchange(n_lost_, 0);
}

void AudioOutput::queue_event(EventPtr event) {
  items_.push_back({.what = std::move(event)});
  if (items_.size() - n_buffers_ > kMostEvents) n_lost_ += drop_events();
  changed_.notify_all();
}

// Drops the superseded events and, if too many events remain, also the oldest event that is not a
// boundary. Returns the number of events lost. Keeps boundaries that no newer boundary replaces,
// because the limit of buffers bounds their number. The caller holds the mutex.
std::size_t AudioOutput::drop_events() {
  const auto ignore = [](const Item&, const Item&) {};
  std::size_t n_lost = drop_superseded(items_, event_of, ignore);
  if (items_.size() - n_buffers_ <= kMostEvents) return n_lost;
  const auto other = std::find_if(items_.begin(), items_.end(), [](const Item& item) {
    const GstEvent* event = event_of(item);
    return event != nullptr && !is_boundary(event);
  });
  if (other == items_.end()) return n_lost;
  items_.erase(other);
  return n_lost + 1;
}

const GstEvent* AudioOutput::event_of(const Item& item) {
  const auto* event = std::get_if<EventPtr>(&item.what);
  return event == nullptr ? nullptr : event->get();
}

void AudioOutput::say(std::uint64_t epoch, SegmentMeta meta) {
  const std::scoped_lock lock(mutex_);
  if (epoch != epoch_ || !active_) return;
  if (said_.size() == kMostSaid) said_.pop_front();
  said_.push_back({n_passed_, std::move(meta)});
}

void AudioOutput::heard(std::uint64_t epoch, GstClockTime to) {
  const std::scoped_lock lock(mutex_);
  if (epoch != epoch_) return;
  heard_to_ = std::max(heard_to_, to);
  changed_.notify_all();
}

void AudioOutput::pass_mark(std::uint64_t epoch) {
  const std::scoped_lock lock(mutex_);
  if (epoch != epoch_) return;
  ++n_passed_;
  heard_to_ = 0;
  changed_.notify_all();
}

CapsPtr AudioOutput::peer_caps(GstCaps* filter) const {
  const PadPtr pad = ref_pad();
  return CapsPtr(pad ? gst_pad_peer_query_caps(pad.get(), filter) : gst_caps_new_any());
}

void AudioOutput::begin_task() {
  gst_segment_init(&segment_, GST_FORMAT_TIME);
}

void AudioOutput::forget_all() {
  items_.clear();
  said_.clear();
  n_samples_ = 0;
  n_buffers_ = 0;
  discont_ = false;
}

void AudioOutput::forget_epoch() {
  std::erase_if(items_, [](const Item& item) {
    const GstEvent* event = event_of(item);
    return event == nullptr || !survives_flush(event);
  });
  said_.clear();
  n_samples_ = 0;
  n_buffers_ = 0;
  discont_ = false;
  n_marks_ = 0;
  n_passed_ = 0;
  heard_to_ = 0;
}

bool AudioOutput::may_go(const Item& item, GstClockTime due) const {
  if (!sync_ || item.n_samples == 0 || n_buffers_ >= most_buffers()) return true;
  if (item.n_marks < n_passed_) return true;
  if (item.n_marks == n_passed_ && item.end <= heard_to_) return true;
  return GST_CLOCK_TIME_IS_VALID(due) && item.start <= due;
}

void AudioOutput::iterate() {
  // The clock must not be queried with the mutex held.
  const GstClockTime due = latency_.deadline(element_, segment_, 0);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !items_.empty() || is_called(); });
  const bool live = latency_.live();
  const auto has_next = [&] { return !items_.empty() && may_go(items_.front(), due); };
  const auto ready = [&] { return is_called() || has_next() || live != latency_.live(); };
  if (live) {
    changed_.wait_for(lock, kTick, ready);
  } else {
    changed_.wait(lock, ready);
  }
  if (is_idle()) {
    lock.unlock();
    pause();
    return;
  }
  if (!has_next()) return;
  const Item item = std::move(items_.front());
  items_.pop_front();
  n_samples_ -= item.n_samples;
  if (event_of(item) == nullptr) --n_buffers_;
  const std::vector<SegmentMeta> said = take_said(item);
  const bool discont = item.n_samples > 0 && std::exchange(discont_, false);
  changed_.notify_all();
  lock.unlock();

  if (const auto* event = std::get_if<EventPtr>(&item.what)) {
    push(*event);
    return;
  }
  GstBuffer* buffer = gst_buffer_ref(std::get<BufferPtr>(item.what).get());
  if (discont || !said.empty()) {
    buffer = gst_buffer_make_writable(buffer);  // Copies only the header; the samples are shared.
    if (discont) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
    for (const SegmentMeta& meta : said) add_segment_meta(buffer, meta);
  }
  push_buffer(buffer);
}

std::vector<SegmentMeta> AudioOutput::take_said(const Item& item) {
  std::vector<SegmentMeta> taken;
  if (item.n_samples == 0) return taken;
  const auto is_due = [&](const Said& said) {
    return !sync_ || said.n_marks < item.n_marks ||
           (said.n_marks == item.n_marks && said.meta.start < item.end);
  };
  while (!said_.empty() && is_due(said_.front())) {
    taken.push_back(std::move(said_.front().meta));
    said_.pop_front();
  }
  return taken;
}

void AudioOutput::push(const EventPtr& event) {
  if (GST_EVENT_TYPE(event.get()) == GST_EVENT_SEGMENT) {
    gst_event_copy_segment(event.get(), &segment_);
    if (segment_.format != GST_FORMAT_TIME) gst_segment_init(&segment_, GST_FORMAT_TIME);
  }
  push_event(gst_event_ref(event.get()));
}

}  // namespace npuwhisper
