// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of audio in memory that the device reads directly.
#include <array>
#include <atomic>
#include <functional>
#include <semaphore>
#include <thread>

#include "element_fixture.h"
#include "gst/element/gstnpuwhisper.h"
#include "gst/input/audio_allocator.h"
#include "tests/gst/support/pipeline_fixture.h"

namespace npuwhisper::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kRingSamples = 10 * kSampleRate;
constexpr gsize kBufferBytes = 3200;  // 100 ms

class DeviceMemory : public ElementTest {
 protected:
  void start(const char* format = "S16LE") {
    play(format);
    // Queries the allocator as upstream does, after the engine is loaded.
    ASSERT_EQ(push(tones(0.1, {}), 0), GST_FLOW_OK);
    ASSERT_TRUE(wait_for_engine());
    allocator_ = AllocatorPtr(offered_allocator());
    ASSERT_NE(allocator_.get(), nullptr);
  }
  void TearDown() override {
    allocator_.reset();
    ElementTest::TearDown();
    EXPECT_EQ(calls().slices_out, 0);
    EXPECT_EQ(calls().rings_alive, 0);
  }

  bool wait_for_engine() {
    return eventually([] { return calls().creates > 0; });
  }
  GstBuffer* allocate(gsize bytes = kBufferBytes) {
    GstBuffer* buffer = gst_buffer_new_allocate(allocator_.get(), bytes, nullptr);
    gst_buffer_memset(buffer, 0, 0, bytes);
    return buffer;
  }
  static bool in_ring(GstBuffer* buffer) {
    return is_ring_memory(gst_buffer_peek_memory(buffer, 0));
  }
  GstFlowReturn push_one(GstBuffer* buffer, int n_th) {
    GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>(n_th) * 100 * GST_MSECOND;
    GST_BUFFER_DURATION(buffer) = 100 * GST_MSECOND;
    return gst_harness_push(harness_, buffer);
  }

  AllocatorPtr allocator_;
};

TEST_F(DeviceMemory, GoesToTheDeviceWithoutACopy) {
  set_script({.ring_samples = kRingSamples});
  start();
  for (int i = 1; i <= 20; ++i) {
    GstBuffer* buffer = allocate();
    ASSERT_TRUE(in_ring(buffer)) << i;
    ASSERT_EQ(push_one(buffer, i), GST_FLOW_OK);
  }
  finish();
  EXPECT_EQ(calls().rings_made, 1);
  EXPECT_EQ(calls().samples_in_ring, 20 * std::int64_t{kBufferBytes} / 2);
  EXPECT_EQ(stat("device-buffers"), 20U);
  EXPECT_EQ(stat("pool-buffers"), 20U);
  // Only the first buffer is copied, since it comes in other memory.
  EXPECT_EQ(stat("bytes-copied"), kBufferBytes);
}

TEST_F(DeviceMemory, IsNotForFloats) {
  set_script({.ring_samples = kRingSamples});
  start("F32LE");
  GstBuffer* buffer = allocate();
  EXPECT_FALSE(in_ring(buffer));
  gst_buffer_unref(buffer);
  EXPECT_EQ(calls().rings_made, 0);
}

TEST_F(DeviceMemory, IsSystemMemoryWhereTheCpuComputesLogMel) {
  set_script({});
  start();
  GstBuffer* buffer = allocate();
  EXPECT_FALSE(in_ring(buffer));
  EXPECT_EQ(push_one(buffer, 1), GST_FLOW_OK);
  finish();
  EXPECT_EQ(stat("device-buffers"), 0U);
  EXPECT_EQ(stat("pool-buffers"), 1U);
}

TEST_F(DeviceMemory, IsSystemMemoryWhenTheRingIsFull) {
  set_script({.ring_samples = kBufferBytes});  // The samples of two buffers.
  start();
  std::array<GstBuffer*, 3> buffers{};
  for (GstBuffer*& buffer : buffers) buffer = allocate();
  EXPECT_TRUE(in_ring(buffers[0]));
  EXPECT_TRUE(in_ring(buffers[1]));
  EXPECT_FALSE(in_ring(buffers[2]));
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    EXPECT_EQ(push_one(buffers[i], static_cast<int>(i) + 1), GST_FLOW_OK);
  }
  finish();
  EXPECT_EQ(stat("device-buffers"), 2U);
  EXPECT_EQ(stat("pool-buffers"), 3U);
}

TEST_F(DeviceMemory, IsSystemMemoryForWhoWantsMoreAlignmentOrRoom) {
  set_script({.ring_samples = kRingSamples});
  start();
  for (const bool aligned : {true, false}) {
    GstAllocationParams params;
    gst_allocation_params_init(&params);
    if (aligned) params.align = 15;
    if (!aligned) params.padding = 8;
    GstMemory* memory = gst_allocator_alloc(allocator_.get(), kBufferBytes, &params);
    EXPECT_FALSE(is_ring_memory(memory));
    gst_memory_unref(memory);
  }
}

/// Another owner of the memory may overwrite it once the element has released the buffer. The
/// device may still read the memory long after that, so the element must copy it.
TEST_F(DeviceMemory, IsCopiedWhereItMayBeWrittenAgain) {
  set_script({.ring_samples = kRingSamples});
  start();
  GstBufferPool* pool = gst_buffer_pool_new();
  GstStructure* config = gst_buffer_pool_get_config(pool);
  gst_buffer_pool_config_set_params(config, nullptr, kBufferBytes, 1, 1);
  gst_buffer_pool_config_set_allocator(config, allocator_.get(), nullptr);
  ASSERT_TRUE(gst_buffer_pool_set_config(pool, config));
  ASSERT_TRUE(gst_buffer_pool_set_active(pool, TRUE));
  GstBuffer* of_pool = nullptr;
  ASSERT_EQ(gst_buffer_pool_acquire_buffer(pool, &of_pool, nullptr), GST_FLOW_OK);
  ASSERT_TRUE(in_ring(of_pool));
  ASSERT_EQ(push_one(of_pool, 1), GST_FLOW_OK);

  GstBuffer* whole = allocate();
  GstBuffer* part = gst_buffer_copy_region(whole, GST_BUFFER_COPY_ALL, 0, kBufferBytes / 2);
  ASSERT_TRUE(in_ring(part));
  ASSERT_EQ(push_one(part, 2), GST_FLOW_OK);
  GstBuffer* same_memory = gst_buffer_copy(whole);
  ASSERT_EQ(push_one(same_memory, 3), GST_FLOW_OK);
  ASSERT_EQ(push_one(gst_buffer_ref(whole), 4), GST_FLOW_OK);
  EXPECT_EQ(calls().samples_in_ring, 0);
  EXPECT_EQ(stat("device-buffers"), 0U);
  EXPECT_EQ(stat("copied-buffers"), 1U + 4U);

  // A buffer that holds the last reference to the memory is not copied.
  part = gst_buffer_copy_region(whole, GST_BUFFER_COPY_ALL, 0, kBufferBytes / 2);
  gst_buffer_unref(whole);
  ASSERT_EQ(push_one(part, 5), GST_FLOW_OK);
  finish();
  EXPECT_EQ(stat("device-buffers"), 1U);
  EXPECT_EQ(calls().samples_in_ring, std::int64_t{kBufferBytes} / 4);
  gst_buffer_pool_set_active(pool, FALSE);
  gst_object_unref(pool);
}

TEST_F(DeviceMemory, PartsKeepTheirSlice) {
  set_script({.ring_samples = kRingSamples});
  start();
  GstMemory* memory = gst_allocator_alloc(allocator_.get(), kBufferBytes, nullptr);
  GstMemory* part = gst_memory_share(memory, 200, 400);
  gst_memory_unref(memory);
  EXPECT_TRUE(is_ring_memory(part));
  EXPECT_EQ(calls().slices_out, 1);
  gst_memory_unref(part);
  EXPECT_EQ(calls().slices_out, 0);
}

TEST_F(DeviceMemory, OutlivesElementAndAllocator) {
  set_script({.ring_samples = kRingSamples});
  start();
  GstMemory* memory = gst_allocator_alloc(allocator_.get(), kBufferBytes, nullptr);
  allocator_.reset();
  finish();
  gst_element_set_state(element_, GST_STATE_NULL);
  EXPECT_EQ(calls().rings_alive, 1);
  GstMapInfo map;
  ASSERT_TRUE(gst_memory_map(memory, &map, GST_MAP_WRITE));
  std::fill_n(map.data, map.size, guint8{1});
  gst_memory_unmap(memory, &map);
  gst_memory_unref(memory);
  EXPECT_EQ(calls().rings_alive, 0);
}

TEST_F(DeviceMemory, ComesBackWhenAFlushDropsIt) {
  set_script({.window = kSampleRate / 5, .decode_time = 60s, .ring_samples = kRingSamples});
  start();
  for (int i = 1; i <= 10; ++i) ASSERT_EQ(push_one(allocate(), i), GST_FLOW_OK);
  EXPECT_GT(calls().slices_out, 5);
  push_event(gst_event_new_flush_start());
  push_event(gst_event_new_flush_stop(TRUE));
  // The buffer that the worker is processing is released as soon as the worker notices the flush.
  EXPECT_TRUE(eventually([] { return calls().slices_out == 0; }));
}

TEST_F(DeviceMemory, IsEachElementsOwn) {
  set_script({.ring_samples = kRingSamples});
  start();
  GstElement* other = GST_ELEMENT(g_object_new(GST_TYPE_NPU_WHISPER, nullptr));
  gst_object_ref_sink(other);
  GstHarness* harness = gst_harness_new_with_element(other, "sink", "src");
  gst_harness_set_src_caps_str(
      harness, "audio/x-raw, format=S16LE, rate=16000, channels=1, layout=interleaved");
  GstCaps* caps = gst_pad_get_current_caps(harness->srcpad);
  GstQuery* query = gst_query_new_allocation(caps, FALSE);
  // Repeats the query until the other element has the engine, which both elements share.
  EXPECT_TRUE(eventually([&] {
    EXPECT_TRUE(gst_pad_peer_query(harness->srcpad, query));
    return calls().rings_made >= 2;
  }));
  EXPECT_EQ(calls().loads, 1);
  EXPECT_EQ(calls().rings_made, 2);
  gst_query_unref(query);
  gst_caps_unref(caps);
  gst_harness_teardown(harness);
  gst_element_set_state(other, GST_STATE_NULL);
  gst_object_unref(other);
  EXPECT_EQ(calls().rings_alive, 1);
}

TEST_F(DeviceMemory, IsWaitedForWhenTheStageWasAskedFor) {
  set_script({.load_time = 300ms, .ring_samples = kRingSamples});
  make();
  gst_util_set_object_arg(G_OBJECT(element_), "npu-stages", "mel+encoder");
  play("S16LE");
  allocator_ = AllocatorPtr(offered_allocator());
  GstBuffer* buffer = allocate();
  EXPECT_TRUE(in_ring(buffer));
  EXPECT_EQ(push_one(buffer, 0), GST_FLOW_OK);
  finish();
  EXPECT_EQ(stat("bytes-copied"), 0U);
  EXPECT_EQ(calls().samples_elsewhere, 0);
}

TEST_F(DeviceMemory, IsNotWaitedForByALiveSource) {
  std::binary_semaphore may_go_on(0);
  set_script({.while_loading = [&] { may_go_on.acquire(); }, .ring_samples = kRingSamples});
  make();
  gst_util_set_object_arg(G_OBJECT(element_), "npu-stages", "mel");
  play("S16LE", true);
  GstAllocationParams params;
  allocator_ = AllocatorPtr(offered_allocator(&params));
  // The allocator returns other memory until the engine exists, and the device's memory after that.
  GstBuffer* early = allocate();
  EXPECT_FALSE(in_ring(early));
  EXPECT_EQ(push_one(early, 0), GST_FLOW_OK);
  may_go_on.release();
  ASSERT_TRUE(wait_for_engine());
  GstBuffer* buffer = gst_buffer_new_allocate(allocator_.get(), kBufferBytes, &params);
  gst_buffer_memset(buffer, 0, 0, kBufferBytes);
  EXPECT_TRUE(in_ring(buffer));
  EXPECT_EQ(push_one(buffer, 1), GST_FLOW_OK);
  finish();
  EXPECT_EQ(calls().creates, 1) << "one transcriber: no text was cut in two";
  EXPECT_EQ(calls().samples_in_ring, std::int64_t{kBufferBytes} / 2);
}

/// An upstream element uses the offered allocator.
TEST(DeviceMemoryPipeline, AConverterWritesIntoIt) {
  set_script({.ring_samples = 40 * kRingSamples});
  Pipeline pipeline(
      "audiotestsrc num-buffers=100 samplesperbuffer=1000 ! audio/x-raw,format=F32LE,rate=16000 ! "
      "audioconvert ! audio/x-raw,format=S16LE,channels=1 ! "
      "npuwhisper name=n npu-stages=mel ! fakesink sync=false");
  ASSERT_TRUE(pipeline.run());
  EXPECT_EQ(stat_of(pipeline.element("n"), "device-buffers"), 100U);
  EXPECT_EQ(stat_of(pipeline.element("n"), "bytes-copied"), 0U);
  EXPECT_EQ(calls().samples_in_ring, 100 * 1000);
}

/// Tests of an allocation query that waits for the element's offer while the model is loading.
class WaitedFor : public DeviceMemory {
 protected:
  void SetUp() override {
    DeviceMemory::SetUp();
    set_script({.while_loading = [this] { may_go_on_.acquire(); }, .ring_samples = kRingSamples});
    make();
    gst_util_set_object_arg(G_OBJECT(element_), "npu-stages", "mel");
    play("S16LE");
  }
  /// Checks that an allocation query waits until `go_on` is called.
  void wait_for_offer(const std::function<void()>& go_on) {
    std::atomic<bool> done = false;
    std::jthread upstream([&] {
      allocator_ = AllocatorPtr(offered_allocator());
      done = true;
    });
    std::this_thread::sleep_for(50ms);
    EXPECT_FALSE(done);
    go_on();
  }

  std::counting_semaphore<> may_go_on_{0};
};

TEST_F(WaitedFor, NoMoreOnceTheElementStops) {
  wait_for_offer([&] { gst_element_set_state(element_, GST_STATE_READY); });
  may_go_on_.release();
}

TEST_F(WaitedFor, NoMoreOnceAFlushBegins) {
  wait_for_offer([&] { push_event(gst_event_new_flush_start()); });
  // The next query waits again.
  push_event(gst_event_new_flush_stop(TRUE));
  wait_for_offer([&] { may_go_on_.release(); });
  GstBuffer* buffer = allocate();
  EXPECT_TRUE(in_ring(buffer));
  gst_buffer_unref(buffer);
}

}  // namespace
}  // namespace npuwhisper::test
