// SPDX-License-Identifier: LGPL-2.1-or-later
#include "input_queue.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "gst/support/superseded_events.h"
#include "gst/support/timeline.h"

namespace npuwhisper {
namespace {

constexpr guint kPreallocatedChunks = 8;  // 2 s of F32 audio.

const GstEvent* event_of(const InputQueue::Item& item) {
  const auto* event = std::get_if<EventPtr>(&item);
  return event == nullptr ? nullptr : event->get();
}

}  // namespace

InputQueue::InputQueue(GstAllocator* allocator, Counters& counters)
    : allocator_(allocator), counters_(counters) {}

std::optional<std::uint64_t> InputQueue::start() {
  const std::scoped_lock lock(mutex_);
  // The pool needs one buffer more than the queue, for the piece that the worker holds.
  if (pool_ == nullptr) pool_ = make_chunk_pool(allocator_, kPreallocatedChunks, kMaxPieces + 1);
  if (pool_ == nullptr) return std::nullopt;
  clear();
  flow_ = flow_when_open_ = GST_FLOW_OK;
  running_ = true;
  ++n_starts_;
  return ++epoch_;
}

void InputQueue::stop() {
  const std::scoped_lock lock(mutex_);
  clear();
  flow_ = GST_FLOW_FLUSHING;
  running_ = false;
  changed_.notify_all();
}

void InputQueue::set_limit(std::int64_t n_samples, bool live) {
  const std::scoped_lock lock(mutex_);
  limit_ = n_samples;
  live_ = live;
  changed_.notify_all();
}

InputQueue::PushResult InputQueue::push(Audio audio) {
  std::unique_lock lock(mutex_);
  const PushResult room = make_room(lock);
  if (room.flow != GST_FLOW_OK) return room;
  counters_.pool_buffers.fetch_add(1, std::memory_order_relaxed);
  audio.n_dropped = std::exchange(n_dropped_, 0);
  n_samples_ += audio.n_samples;
  ++n_pieces_;
  items_.push_back({.item = std::move(audio)});
  changed_.notify_all();
  return room;
}

InputQueue::PushResult InputQueue::copy(std::span<const std::byte> bytes, SampleFormat format,
                                        GstClockTime pts) {
  PushResult result;
  counters_.copied_buffers.fetch_add(1, std::memory_order_relaxed);
  while (!bytes.empty()) {
    std::unique_lock lock(mutex_);
    const PushResult room = make_room(lock);
    result.n_dropped += room.n_dropped;
    result.flow = room.flow;
    if (room.flow != GST_FLOW_OK) return result;

    std::size_t n_copied = append_to_last(bytes, format, pts);
    if (n_copied == 0) {
      // The pool always has a free buffer, because kMaxPieces bounds the number of queued pieces.
      GstBufferPoolAcquireParams params{};
      params.flags = GST_BUFFER_POOL_ACQUIRE_FLAG_DONTWAIT;
      GstBuffer* chunk = nullptr;
      result.flow = gst_buffer_pool_acquire_buffer(pool_.get(), &chunk, &params);
      // Throws bad_alloc on a lack of memory, like push_back() below.
      if (result.flow == GST_FLOW_ERROR) throw std::bad_alloc();
      if (result.flow != GST_FLOW_OK) return result;
      Audio audio{.buffer = BufferPtr(chunk), .format = format, .pts = pts};
      audio.n_dropped = std::exchange(n_dropped_, 0);
      items_.push_back({.item = std::move(audio)});
      ++n_pieces_;
      n_copied = append_to_last(bytes, format, pts);
    }
    bytes = bytes.subspan(n_copied);
    const auto n_samples = static_cast<std::int64_t>(n_copied / bytes_per_sample(format));
    if (GST_CLOCK_TIME_IS_VALID(pts)) pts += samples_to_time(n_samples);
    changed_.notify_all();
  }
  return result;
}

// Appends as much of `bytes` to the last item as fits, and returns the number of bytes appended.
// Returns 0 if the last item is not a chunk of pool_ with the same format, or if `bytes` do not
// continue this chunk within Timeline::kDrift.
std::size_t InputQueue::append_to_last(std::span<const std::byte> bytes, SampleFormat format,
                                       GstClockTime pts) {
  if (items_.empty()) return 0;
  auto* last = std::get_if<Audio>(&items_.back().item);
  if (last == nullptr || last->buffer->pool != pool_.get() || last->format != format) return 0;
  if (GST_CLOCK_TIME_IS_VALID(pts) != GST_CLOCK_TIME_IS_VALID(last->pts)) return 0;
  if (GST_CLOCK_TIME_IS_VALID(pts)) {
    const GstClockTime end = last->pts + samples_to_time(last->n_samples);
    if (distance(end, pts) > Timeline::kDrift) return 0;
  }
  const auto n_bytes = static_cast<std::size_t>(last->n_samples) * bytes_per_sample(format);
  const std::size_t n_copied = std::min(bytes.size(), kChunkBytes - n_bytes);
  gst_buffer_fill(last->buffer.get(), n_bytes, bytes.data(), n_copied);
  counters_.bytes_copied.fetch_add(n_copied, std::memory_order_relaxed);
  const auto n_samples = static_cast<std::int64_t>(n_copied / bytes_per_sample(format));
  last->n_samples += n_samples;
  n_samples_ += n_samples;
  return n_copied;
}

InputQueue::EventResult InputQueue::push(EventPtr event) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return live_ || has_room_for_event() || flow_ != GST_FLOW_OK; });
  if (flow_ == GST_FLOW_FLUSHING) return {};
  if (!has_room_for_event() && flow_ != GST_FLOW_OK) return {};
  EventResult result{.accepted = true};
  items_.push_back({.item = std::move(event)});
  if (n_events() > kMaxEvents) drop_events(result);
  changed_.notify_all();
  return result;
}

// Reduces the number of queued events to kMaxEvents. Stores the losses in `result`.
void InputQueue::drop_events(EventResult& result) {
  result.n_lost = drop_superseded_events();
  if (n_events() > kMaxEvents && is_boundary(event_of(items_.back().item))) {
    // Boundaries replace each other only if no audio lies between them.
    result.n_dropped_samples = drop_audio();
    result.n_lost += drop_superseded_events();
  }
  if (n_events() <= kMaxEvents) return;
  const auto other = std::find_if(items_.begin(), items_.end(), [](const Queued& queued) {
    const GstEvent* event = event_of(queued.item);
    return event != nullptr && !is_boundary(event);
  });
  // This return is never reached. Without other events, the queue holds only boundaries. Because
  // the audio was dropped, at most one boundary of each kind is left, which is far below
  // kMaxEvents.
  if (other == items_.end()) return;
  const std::size_t n_lost_marks = other->n_lost_marks;
  const auto next = items_.erase(other);
  (next == items_.end() ? items_.back() : *next).n_lost_marks += n_lost_marks;
  ++result.n_lost;
}

std::size_t InputQueue::drop_superseded_events() {
  return drop_superseded(
      items_, [](const Queued& queued) { return event_of(queued.item); },
      [](const Queued& dropped, Queued& next) {
        next.n_lost_marks += dropped.n_lost_marks + (is_mark(event_of(dropped.item)) ? 1 : 0);
      });
}

bool InputQueue::has_room() const {
  return n_samples_ < limit_ && n_pieces_ < kMaxPieces;
}

InputQueue::PushResult InputQueue::make_room(std::unique_lock<std::mutex>& lock) {
  PushResult result;
  changed_.wait(lock, [this] { return live_ || has_room() || flow_ != GST_FLOW_OK; });
  if (flow_ == GST_FLOW_OK && !has_room()) result.n_dropped = drop_audio();
  result.flow = flow_;
  return result;
}

std::int64_t InputQueue::drop_audio() {
  const std::int64_t n_dropped = n_samples_;
  for (const Queued& queued : items_) {
    if (const auto* audio = std::get_if<Audio>(&queued.item)) n_dropped_ += audio->n_dropped;
  }
  std::erase_if(items_, [](const Queued& queued) { return event_of(queued.item) == nullptr; });
  n_samples_ = 0;
  n_pieces_ = 0;
  n_dropped_ += n_dropped;
  counters_.dropped_samples.fetch_add(static_cast<std::uint64_t>(n_dropped),
                                      std::memory_order_relaxed);
  return n_dropped;
}

std::int64_t InputQueue::n_waiting() const {
  const std::scoped_lock lock(mutex_);
  return n_samples_;
}

InputQueue::Popped InputQueue::pop(std::optional<std::chrono::milliseconds> max_wait) {
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return !items_.empty() || !running_; };
  if (max_wait) {
    changed_.wait_for(lock, *max_wait, ready);
  } else {
    changed_.wait(lock, [&] { return live_ || ready(); });
  }
  return take(lock, !items_.empty());
}

InputQueue::Popped InputQueue::pop_event(std::chrono::milliseconds max_wait) {
  std::unique_lock lock(mutex_);
  const auto has_event = [this] {
    return !items_.empty() && event_of(items_.front().item) != nullptr;
  };
  changed_.wait_for(lock, max_wait, [&] { return has_event() || !running_; });
  return take(lock, has_event());
}

InputQueue::Popped InputQueue::take(std::unique_lock<std::mutex>&, bool has_item) {
  Popped popped;
  popped.stopped = !running_;
  popped.epoch = epoch_;
  if (!has_item) return popped;
  popped.item.emplace(std::move(items_.front().item));
  popped.n_lost_marks = items_.front().n_lost_marks;
  items_.pop_front();
  if (const auto* audio = std::get_if<Audio>(&popped.item.value())) {
    n_samples_ -= audio->n_samples;
    --n_pieces_;
  }
  changed_.notify_all();
  return popped;
}

bool InputQueue::is_current(std::uint64_t epoch) const {
  const std::scoped_lock lock(mutex_);
  return flow_ != GST_FLOW_FLUSHING && epoch == epoch_;
}

void InputQueue::flush_start() {
  const std::scoped_lock lock(mutex_);
  drop_for_flush();
  flow_ = GST_FLOW_FLUSHING;
  changed_.notify_all();
}

std::uint64_t InputQueue::flush_stop() {
  const std::scoped_lock lock(mutex_);
  drop_for_flush();
  if (running_) flow_ = flow_when_open_;
  return ++epoch_;
}

std::uint64_t InputQueue::n_starts() const {
  const std::scoped_lock lock(mutex_);
  return n_starts_;
}

bool InputQueue::is_running(std::uint64_t n_starts) const {
  const std::scoped_lock lock(mutex_);
  return n_starts == n_starts_ && running_;
}

void InputQueue::fail(GstFlowReturn flow, std::uint64_t n_starts) {
  const std::scoped_lock lock(mutex_);
  if (n_starts != n_starts_ || !running_) return;
  if (flow_when_open_ == GST_FLOW_OK) flow_when_open_ = flow;
  if (flow_ == GST_FLOW_OK) flow_ = flow;
  changed_.notify_all();
}

void InputQueue::drop_for_flush() {
  std::erase_if(items_, [](const Queued& queued) {
    const GstEvent* event = event_of(queued.item);
    return event == nullptr || !survives_flush(event);
  });
  for (Queued& queued : items_) queued.n_lost_marks = 0;
  n_pieces_ = 0;
  n_samples_ = 0;
  n_dropped_ = 0;
}

void InputQueue::clear() {
  drop_for_flush();
  items_.clear();
}

}  // namespace npuwhisper
