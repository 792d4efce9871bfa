// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/input/input_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace npuwhisper {
namespace {

using namespace std::chrono_literals;

std::vector<std::byte> silence(std::size_t n_samples) {
  return std::vector<std::byte>(2 * n_samples);
}

class InputQueueTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(queue_.start());
    queue_.set_limit(100000, false);
  }
  Audio pop_audio() { return std::get<Audio>(std::move(*queue_.pop(0ms).item)); }

  Counters counters_;
  AllocatorPtr allocator_ = make_audio_allocator();
  InputQueue queue_{allocator_.get(), counters_};
};

TEST_F(InputQueueTest, SmallBuffersShareAChunk) {
  for (GstClockTime i = 0; i < 10; ++i) {
    queue_.copy(silence(160), SampleFormat::S16, i * 10 * GST_MSECOND);
  }
  const Audio audio = pop_audio();
  EXPECT_EQ(audio.n_samples, 1600);
  EXPECT_EQ(audio.pts, 0U);
  EXPECT_FALSE(queue_.pop(0ms).item);
}

TEST_F(InputQueueTest, LargeBuffersAreCutWithTheirTimes) {
  queue_.copy(silence(20000), SampleFormat::S16, GST_SECOND);
  EXPECT_EQ(pop_audio().n_samples, 8192);
  const Audio second = pop_audio();
  EXPECT_EQ(second.pts, 1512 * GST_MSECOND);
  EXPECT_EQ(second.n_samples, 8192);
  EXPECT_EQ(pop_audio().n_samples, 20000 - 2 * 8192);
  EXPECT_EQ(counters_.bytes_copied, 40000U);
  EXPECT_EQ(counters_.copied_buffers, 1U);
}

TEST_F(InputQueueTest, TimesBeyondAllClocksStartAnotherChunk) {
  // The second time is 2^63 ns after the end of the first chunk, too far for a signed difference.
  constexpr GstClockTime kTimes[] = {0, (GstClockTime{1} << 63) + 10 * GST_MSECOND,
                                     GST_CLOCK_TIME_NONE - 1, GST_SECOND};
  for (const GstClockTime pts : kTimes) queue_.copy(silence(160), SampleFormat::S16, pts);
  for (const GstClockTime pts : kTimes) EXPECT_EQ(pop_audio().pts, pts);
}

TEST_F(InputQueueTest, JumpsAndEventsAndFormatsStartAnotherChunk) {
  queue_.copy(silence(160), SampleFormat::S16, 0);
  queue_.copy(silence(160), SampleFormat::S16, GST_SECOND);
  queue_.push(EventPtr(gst_event_new_eos()));
  queue_.copy(silence(160), SampleFormat::S16, 1010 * GST_MSECOND);
  queue_.copy(silence(160), SampleFormat::F32, 1020 * GST_MSECOND);
  EXPECT_EQ(pop_audio().pts, 0U);
  EXPECT_EQ(pop_audio().pts, GST_SECOND);
  EXPECT_TRUE(std::holds_alternative<EventPtr>(*queue_.pop(0ms).item));
  EXPECT_EQ(pop_audio().format, SampleFormat::S16);
  EXPECT_EQ(pop_audio().format, SampleFormat::F32);
}

TEST_F(InputQueueTest, FullQueueWaitsForTheWorker) {
  queue_.set_limit(1600, false);
  queue_.copy(silence(1600), SampleFormat::S16, 0);
  std::atomic<bool> done{false};
  std::thread producer([&] {
    queue_.copy(silence(160), SampleFormat::S16, 100 * GST_MSECOND);
    done = true;
  });
  std::this_thread::sleep_for(20ms);
  EXPECT_FALSE(done);
  pop_audio();
  producer.join();
  EXPECT_EQ(pop_audio().n_samples, 160);
}

TEST_F(InputQueueTest, WhoWaitsForRoomGoesOnWhenTheQueueBecomesLive) {
  queue_.set_limit(1600, false);
  queue_.copy(silence(1600), SampleFormat::S16, 0);
  InputQueue::PushResult result;
  std::thread producer(
      [&] { result = queue_.copy(silence(160), SampleFormat::S16, 100 * GST_MSECOND); });
  std::this_thread::sleep_for(20ms);
  queue_.set_limit(1600, true);
  producer.join();
  EXPECT_EQ(result.flow, GST_FLOW_OK);
  EXPECT_EQ(result.n_dropped, 1600);
  EXPECT_EQ(pop_audio().pts, 100 * GST_MSECOND);
}

TEST_F(InputQueueTest, WhoWaitsForAudioLooksAgainWhenTheQueueBecomesLive) {
  std::thread worker([&] {
    const InputQueue::Popped popped = queue_.pop(std::nullopt);
    EXPECT_FALSE(popped.item || popped.stopped);
  });
  std::this_thread::sleep_for(10ms);
  queue_.set_limit(1600, true);
  worker.join();
}

TEST_F(InputQueueTest, LiveQueueDropsAudioButNoEvents) {
  queue_.set_limit(1600, true);
  queue_.copy(silence(1000), SampleFormat::S16, 0);
  queue_.push(EventPtr(gst_event_new_tag(gst_tag_list_new_empty())));
  queue_.copy(silence(1000), SampleFormat::S16, GST_CLOCK_TIME_NONE);
  const auto result = queue_.copy(silence(160), SampleFormat::S16, GST_SECOND);
  EXPECT_EQ(result.flow, GST_FLOW_OK);
  EXPECT_EQ(result.n_dropped, 2000);
  EXPECT_TRUE(std::holds_alternative<EventPtr>(*queue_.pop(0ms).item));
  const Audio audio = pop_audio();
  EXPECT_EQ(audio.n_dropped, 2000);
  EXPECT_EQ(audio.pts, GST_SECOND);
}

EventPtr title(const std::string& text) {
  return EventPtr(gst_event_new_tag(gst_tag_list_new(GST_TAG_TITLE, text.c_str(), nullptr)));
}

TEST_F(InputQueueTest, EventsWaitForTheWorkerToo) {
  for (std::size_t i = 0; i < InputQueue::kMaxEvents; ++i) {
    ASSERT_TRUE(queue_.push(EventPtr(gst_event_new_gap(i * GST_SECOND, GST_SECOND))).accepted);
  }
  std::atomic<bool> done{false};
  std::thread producer([&] {
    EXPECT_TRUE(queue_.push(title("next")).accepted);
    done = true;
  });
  std::this_thread::sleep_for(20ms);
  EXPECT_FALSE(done);
  queue_.pop(0ms);
  producer.join();
}

TEST_F(InputQueueTest, AFlushWakesWhoWaitsForRoomForAnEvent) {
  for (std::size_t i = 0; i < InputQueue::kMaxEvents; ++i) queue_.push(title("a"));
  std::thread producer([&] { EXPECT_FALSE(queue_.push(title("next")).accepted); });
  std::this_thread::sleep_for(20ms);
  queue_.flush_start();
  producer.join();
}

TEST_F(InputQueueTest, LiveQueueKeepsTheNewestEventOfEachKind) {
  queue_.set_limit(1600, true);
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  queue_.push(EventPtr(gst_event_new_segment(&segment)));
  queue_.copy(silence(160), SampleFormat::S16, 0);
  const std::size_t n = 10 * InputQueue::kMaxEvents;
  for (std::size_t i = 1; i <= n; ++i) {
    ASSERT_TRUE(queue_.push(EventPtr(gst_event_new_gap(i * GST_SECOND, GST_SECOND))).accepted);
    ASSERT_TRUE(queue_.push(title(std::to_string(i))).accepted);
  }
  std::vector<EventPtr> events;
  std::size_t n_audio = 0;
  for (auto popped = queue_.pop(0ms); popped.item; popped = queue_.pop(0ms)) {
    if (auto* event = std::get_if<EventPtr>(&*popped.item)) {
      events.push_back(std::move(*event));
    } else {
      ++n_audio;
    }
  }
  EXPECT_EQ(n_audio, 1U);
  EXPECT_LE(events.size(), InputQueue::kMaxEvents + 1);
  EXPECT_EQ(GST_EVENT_TYPE(events.front().get()), GST_EVENT_SEGMENT);
  ASSERT_EQ(GST_EVENT_TYPE(events.back().get()), GST_EVENT_TAG);
  GstTagList* tags = nullptr;
  gst_event_parse_tag(events.back().get(), &tags);
  gchar* last = nullptr;
  gst_tag_list_get_string(tags, GST_TAG_TITLE, &last);
  EXPECT_EQ(last, std::to_string(n));
  g_free(last);
}

std::vector<EventPtr> pop_events(InputQueue& queue, std::size_t& n_lost_marks) {
  std::vector<EventPtr> events;
  for (auto popped = queue.pop(0ms); popped.item; popped = queue.pop(0ms)) {
    n_lost_marks += popped.n_lost_marks;
    if (auto* event = std::get_if<EventPtr>(&*popped.item)) events.push_back(std::move(*event));
  }
  return events;
}

EventPtr segment_from(GstClockTime start) {
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  segment.start = start;
  return EventPtr(gst_event_new_segment(&segment));
}

EventPtr custom(const std::string& name) {
  GstStructure* fields = gst_structure_new_empty(name.c_str());
  return EventPtr(gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM, fields));
}

TEST_F(InputQueueTest, LiveQueueKeepsTheNewestOfSegmentsWithNoAudioBetween) {
  queue_.set_limit(100000, true);
  queue_.push(segment_from(0));
  queue_.copy(silence(160), SampleFormat::S16, 0);
  const std::size_t n = 5 * InputQueue::kMaxEvents;
  for (std::size_t i = 1; i <= n; ++i) {
    const InputQueue::EventResult result = queue_.push(segment_from(i));
    ASSERT_TRUE(result.accepted);
    EXPECT_EQ(result.n_lost, 0U) << "the newer one stands for it";
  }
  std::size_t n_lost_marks = 0;
  const auto events = pop_events(queue_, n_lost_marks);
  EXPECT_LE(events.size(), InputQueue::kMaxEvents);
  EXPECT_EQ(n_lost_marks + events.size(), n + 1) << "who counts marks goes wrong";
  const auto start_of = [](const EventPtr& event) {
    const GstSegment* segment = nullptr;
    gst_event_parse_segment(event.get(), &segment);
    return segment->start;
  };
  EXPECT_EQ(start_of(events.front()), 0U) << "that of the audio";
  EXPECT_EQ(start_of(events.back()), n);
}

TEST_F(InputQueueTest, LiveQueueDropsAudioForSegmentsThatItKeepsApart) {
  queue_.set_limit(100000, true);
  std::int64_t n_dropped = 0;
  for (GstClockTime i = 0; i < 2 * InputQueue::kMaxEvents; ++i) {
    n_dropped += queue_.push(segment_from(i)).n_dropped_samples;
    queue_.copy(silence(10), SampleFormat::S16, i * GST_SECOND);
  }
  EXPECT_GT(n_dropped, 0);
  std::size_t n_lost_marks = 0;
  const auto events = pop_events(queue_, n_lost_marks);
  EXPECT_LE(events.size(), InputQueue::kMaxEvents);
  EXPECT_EQ(n_lost_marks + events.size(), 2 * InputQueue::kMaxEvents);
}

TEST_F(InputQueueTest, LiveQueueCountsEventsThatNoOtherStandsFor) {
  queue_.set_limit(100000, true);
  queue_.push(segment_from(0));
  std::size_t n_lost = 0;
  const std::size_t n = 3 * InputQueue::kMaxEvents;
  for (std::size_t i = 0; i < n; ++i) n_lost += queue_.push(custom("e" + std::to_string(i))).n_lost;
  std::size_t n_lost_marks = 0;
  const auto events = pop_events(queue_, n_lost_marks);
  EXPECT_EQ(events.size(), InputQueue::kMaxEvents);
  EXPECT_EQ(n_lost, n + 1 - InputQueue::kMaxEvents);
  EXPECT_EQ(GST_EVENT_TYPE(events.front().get()), GST_EVENT_SEGMENT);
  EXPECT_TRUE(gst_event_has_name(events.back().get(), ("e" + std::to_string(n - 1)).c_str()));
}

TEST_F(InputQueueTest, DropsAddUpUntilTheWorkerKnows) {
  queue_.set_limit(160, true);
  for (int i = 0; i < 5; ++i) queue_.copy(silence(160), SampleFormat::S16, GST_CLOCK_TIME_NONE);
  EXPECT_EQ(pop_audio().n_dropped, 4 * 160);
}

TEST_F(InputQueueTest, MemoryIsRecycled) {
  for (int i = 0; i < 1000; ++i) {
    queue_.copy(silence(8192), SampleFormat::S16, GST_CLOCK_TIME_NONE);
    pop_audio();
  }
  // The pool would be empty by now if chunks were not returned to it.
  EXPECT_EQ(counters_.copied_buffers, 1000U);
}

TEST_F(InputQueueTest, FlushIsANewEpoch) {
  queue_.copy(silence(160), SampleFormat::S16, 0);
  const std::uint64_t before = queue_.pop(0ms).epoch;
  EXPECT_TRUE(queue_.is_current(before));
  queue_.flush_start();
  EXPECT_FALSE(queue_.is_current(before));
  EXPECT_EQ(queue_.copy(silence(160), SampleFormat::S16, 0).flow, GST_FLOW_FLUSHING);
  EXPECT_FALSE(queue_.push(EventPtr(gst_event_new_eos())).accepted);
  const std::uint64_t after = queue_.flush_stop();
  EXPECT_FALSE(queue_.is_current(before));
  EXPECT_TRUE(queue_.is_current(after));
  EXPECT_EQ(queue_.copy(silence(160), SampleFormat::S16, 0).flow, GST_FLOW_OK);
}

TEST_F(InputQueueTest, FailureReachesTheProducer) {
  queue_.fail(GST_FLOW_ERROR, queue_.n_starts());
  EXPECT_EQ(queue_.copy(silence(160), SampleFormat::S16, 0).flow, GST_FLOW_ERROR);
}

// The failure must outlast the flush, because data pushed after the flush would never be consumed.
TEST_F(InputQueueTest, FailureOutlastsAFlush) {
  queue_.flush_start();
  queue_.fail(GST_FLOW_ERROR, queue_.n_starts());
  EXPECT_EQ(queue_.copy(silence(160), SampleFormat::S16, 0).flow, GST_FLOW_FLUSHING);
  queue_.flush_stop();
  EXPECT_EQ(queue_.copy(silence(160), SampleFormat::S16, 0).flow, GST_FLOW_ERROR);
  queue_.stop();
  ASSERT_TRUE(queue_.start());
  EXPECT_EQ(queue_.copy(silence(160), SampleFormat::S16, 0).flow, GST_FLOW_OK);
}

TEST_F(InputQueueTest, StopReachesTheWorker) {
  std::thread worker([&] { EXPECT_TRUE(queue_.pop(std::nullopt).stopped); });
  std::this_thread::sleep_for(10ms);
  queue_.stop();
  worker.join();
}

TEST(AudioAllocator, MemoryIsAlignedAndKnown) {
  const AllocatorPtr allocator = make_audio_allocator();
  for (const gsize size : {gsize{1}, gsize{2048}, gsize{5000}, gsize{1 << 20}}) {
    GstMemory* memory = gst_allocator_alloc(allocator.get(), size, nullptr);
    ASSERT_NE(memory, nullptr);
    EXPECT_TRUE(is_audio_memory(memory));
    GstMapInfo map;
    ASSERT_TRUE(gst_memory_map(memory, &map, GST_MAP_WRITE));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(map.data) % 64, 0U);
    EXPECT_EQ(map.size, size);
    std::fill_n(map.data, size, guint8{7});
    gst_memory_unmap(memory, &map);
    gst_memory_unref(memory);
  }
}

TEST(AudioAllocator, HonoursPrefixPaddingAndAlignment) {
  const AllocatorPtr allocator = make_audio_allocator();
  GstAllocationParams params{};
  params.align = 255;
  params.prefix = 256;
  params.padding = 32;
  params.flags =
      static_cast<GstMemoryFlags>(GST_MEMORY_FLAG_ZERO_PREFIXED | GST_MEMORY_FLAG_ZERO_PADDED);
  GstMemory* memory = gst_allocator_alloc(allocator.get(), 1000, &params);
  GstMapInfo map;
  ASSERT_TRUE(gst_memory_map(memory, &map, GST_MAP_READ));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(map.data) % 256, 0U);
  EXPECT_EQ(map.data[-1], 0);
  EXPECT_EQ(map.data[1000 + 31], 0);
  EXPECT_EQ(map.maxsize, 1000U + 32U);
  gst_memory_unmap(memory, &map);
  gst_memory_unref(memory);
}

TEST(AudioAllocator, PartsShareTheirBytesAndOutliveTheWhole) {
  AllocatorPtr allocator = make_audio_allocator();
  GstMemory* memory = gst_allocator_alloc(allocator.get(), 100, nullptr);
  GstMapInfo map;
  ASSERT_TRUE(gst_memory_map(memory, &map, GST_MAP_WRITE));
  for (guint8 i = 0; i < 100; ++i) map.data[i] = i;
  gst_memory_unmap(memory, &map);
  GstMemory* part = gst_memory_share(memory, 10, 20);
  GstMemory* part_of_part = gst_memory_share(part, 5, -1);
  gst_memory_unref(memory);
  gst_memory_unref(part);
  allocator.reset();
  EXPECT_TRUE(is_audio_memory(part_of_part));
  ASSERT_TRUE(gst_memory_map(part_of_part, &map, GST_MAP_READ));
  EXPECT_EQ(map.size, 15U);
  EXPECT_EQ(map.data[0], 15);
  gst_memory_unmap(part_of_part, &map);
  gst_memory_unref(part_of_part);
}

TEST(AudioAllocator, BlocksAreUsedAgain) {
  const AllocatorPtr allocator = make_audio_allocator();
  GstMemory* first = gst_allocator_alloc(allocator.get(), 2048, nullptr);
  const GstMemory* block = first;
  gst_memory_unref(first);
  GstMemory* second = gst_allocator_alloc(allocator.get(), 2000, nullptr);
  EXPECT_EQ(second, block);
  gst_memory_unref(second);
}

TEST(AudioAllocator, OtherMemoryIsNotOurs) {
  GstMemory* memory = gst_allocator_alloc(nullptr, 100, nullptr);
  EXPECT_FALSE(is_audio_memory(memory));
  gst_memory_unref(memory);
}

}  // namespace
}  // namespace npuwhisper
