// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of loading, failures, starting and stopping, and of the output of gst-inspect.
#include <gmock/gmock.h>

#include <atomic>
#include <semaphore>
#include <utility>

#include "element_fixture.h"
#include "gst/element/gstnpuwhisper.h"

namespace npuwhisper::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class Lifecycle : public ElementTest {
 protected:
  GQuark error_of(GstMessage* posted, std::string& text, int& code) {
    GError* error = nullptr;
    gst_message_parse_error(posted, &error, nullptr);
    text = error->message;
    code = error->code;
    const GQuark domain = error->domain;
    g_error_free(error);
    return domain;
  }

  // Pushes up to 1000 buffers until a push fails. Returns the flow return of the last push. The
  // element posts its own message before a push fails, so that the user does not see upstream's
  // error first.
  GstFlowReturn flow_in_the_end(GstClockTime pts) {
    GstFlowReturn flow = GST_FLOW_OK;
    for (int i = 0; i < 1000 && flow == GST_FLOW_OK; ++i) {
      flow = push(tones(0.01, {}), pts);
      g_usleep(1000);
    }
    return flow;
  }

  // Returns the types of all PROGRESS messages until loading ends, and for 100 ms after that.
  std::string progress() {
    std::string types;
    bool ended = false;
    while (const auto posted = message(GST_MESSAGE_PROGRESS, ended ? 100ms : kTimeout)) {
      GstProgressType type{};
      gst_message_parse_progress(posted.get(), &type, nullptr, nullptr);
      types += std::to_string(type);
      ended = ended || type == GST_PROGRESS_TYPE_COMPLETE || type == GST_PROGRESS_TYPE_ERROR;
    }
    return types;
  }
};

TEST_F(Lifecycle, LoadingTellsItsProgress) {
  set_script({.load_time = 20ms});
  make();
  gst_element_set_state(element_, GST_STATE_READY);
  EXPECT_EQ(progress(), "012");  // The digits mean start, continue and complete.
}

// State of hold_error(), which blocks the thread that posts an ERROR until the test releases the
// thread.
struct HeldError {
  std::binary_semaphore arrived{0};
  std::binary_semaphore released{0};
  std::atomic<bool> pipeline_ended{false};
};

GstBusSyncReply hold_error(GstBus*, GstMessage* message, gpointer data) {
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    auto& held = *static_cast<HeldError*>(data);
    held.arrived.release();
    held.released.acquire();
  }
  return GST_BUS_PASS;
}

// A bin holds no reference to itself while it forwards the messages of its elements.
TEST(Pipelines, APipelineDoesNotEndWhileAnErrorGoesThroughIt) {
  set_script({.load_error = Error{ErrorCode::Unavailable, "busy"}});
  HeldError held;
  GstElement* pipeline = gst_pipeline_new(nullptr);
  gst_object_ref_sink(pipeline);
  gst_bin_add(GST_BIN(pipeline), GST_ELEMENT(g_object_new(GST_TYPE_NPU_WHISPER, nullptr)));
  GstBus* bus = gst_element_get_bus(pipeline);
  gst_bus_set_sync_handler(bus, hold_error, &held, nullptr);
  g_object_weak_ref(
      G_OBJECT(pipeline),
      [](gpointer ended, GObject*) { *static_cast<std::atomic<bool>*>(ended) = true; },
      &held.pipeline_ended);
  gst_element_set_state(pipeline, GST_STATE_READY);
  ASSERT_TRUE(held.arrived.try_acquire_for(kTimeout));
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
  EXPECT_FALSE(held.pipeline_ended);
  held.released.release();
  EXPECT_TRUE(eventually([&] { return held.pipeline_ended.load(); }));
  gst_bus_set_flushing(bus, TRUE);
  gst_object_unref(bus);
}

TEST_F(Lifecycle, FailedLoadIsTriedAgain) {
  set_script({.load_error = Error{ErrorCode::Unavailable, "busy"}});
  make();
  gst_element_set_state(element_, GST_STATE_READY);
  ASSERT_TRUE(message(GST_MESSAGE_ERROR));
  gst_element_set_state(element_, GST_STATE_NULL);
  set_script({});
  play();
  push(tones(1, {{0.2, 0.5}}), 0);
  finish();
  EXPECT_EQ(out_->buffers().size(), 1U);
}

// A new load starts even before the threads that wait for the model are notified of the failure.
TEST_F(Lifecycle, WhoStartsAgainOnAccountOfTheErrorGetsAnotherLoad) {
  set_script({.load_error = Error{ErrorCode::Unavailable, "busy"}});
  make();
  std::binary_semaphore posted(0);
  std::binary_semaphore go_on(0);
  std::pair both(&posted, &go_on);
  gst_bus_set_sync_handler(
      bus_,
      [](GstBus*, GstMessage* told, gpointer data) {
        if (GST_MESSAGE_TYPE(told) == GST_MESSAGE_ERROR) {
          const auto& [is_posted, may_go_on] = *static_cast<decltype(both)*>(data);
          is_posted->release();
          may_go_on->acquire();
        }
        return GST_BUS_PASS;
      },
      &both, nullptr);
  gst_element_set_state(element_, GST_STATE_READY);
  posted.acquire();
  gst_element_set_state(element_, GST_STATE_NULL);
  set_script({});
  gst_element_set_state(element_, GST_STATE_READY);
  go_on.release();
  ASSERT_TRUE(message(GST_MESSAGE_ERROR));
  play();
  push(tones(1, {{0.2, 0.5}}), 0);
  finish();
  EXPECT_EQ(out_->buffers().size(), 1U);
  gst_bus_set_sync_handler(bus_, nullptr, nullptr, nullptr);
}

TEST_F(Lifecycle, NobodyWaitsBehindAFlushForAModelThatFailedToLoad) {
  std::binary_semaphore may_fail(0);
  set_script({.while_loading = [&] { may_fail.acquire(); },
              .load_error = Error{ErrorCode::Unavailable, "busy"}});
  play();  // The element must play before the load fails, because a failed element does not start.
  may_fail.release();
  ASSERT_TRUE(message(GST_MESSAGE_ERROR));
  push_event(gst_event_new_flush_start());
  push_event(gst_event_new_flush_stop(TRUE));
  push_segment(0);
  GstFlowReturn flow = GST_FLOW_OK;
  for (int i = 0; i < 40 && flow == GST_FLOW_OK; ++i) flow = push(tones(1, {}), seconds(i));
  EXPECT_EQ(flow, GST_FLOW_ERROR);
}

TEST_F(Lifecycle, OptionsThatTheTranscriberRefusesAreAnError) {
  set_script({.create_error = Error{ErrorCode::InvalidArgument, "language 'xx' is not known"}});
  play();
  push(tones(1, {}), 0);
  const auto posted = message(GST_MESSAGE_ERROR);
  ASSERT_TRUE(posted);
  std::string text;
  int code = 0;
  EXPECT_EQ(error_of(posted.get(), text, code), GST_LIBRARY_ERROR);
  EXPECT_EQ(code, GST_LIBRARY_ERROR_SETTINGS);
  EXPECT_EQ(flow_in_the_end(seconds(1)), GST_FLOW_ERROR);
}

TEST_F(Lifecycle, DeviceThatFailsInTheMiddleIsAnError) {
  set_script({.window = kSampleRate,
              .push_error = Error{ErrorCode::DeviceError, "the device is gone"},
              .push_error_after = 2 * kSampleRate});
  play();
  push(tones(4, {{0.2, 0.5}}), 0);
  const auto posted = message(GST_MESSAGE_ERROR);
  ASSERT_TRUE(posted);
  EXPECT_EQ(flow_in_the_end(seconds(4)), GST_FLOW_ERROR);
  EXPECT_TRUE(out_->wait_for_buffers(1)) << "what was known before is not lost";
}

TEST_F(Lifecycle, ProbingKeepsTheModel) {
  set_script({});
  make();
  for (int i = 0; i < 5; ++i) {
    gst_element_set_state(element_, GST_STATE_PAUSED);
    gst_element_set_state(element_, GST_STATE_NULL);
  }
  EXPECT_EQ(calls().loads, 1);
  g_object_set(element_, "model", "another", nullptr);
  gst_element_set_state(element_, GST_STATE_PAUSED);
  gst_element_set_state(element_, GST_STATE_NULL);
  EXPECT_EQ(calls().loads, 2);
  EXPECT_EQ(calls().last_engine_options.model, "another");
}

TEST_F(Lifecycle, ModelMayBeChosenInReady) {
  set_script({});
  make();
  gst_element_set_state(element_, GST_STATE_READY);
  g_object_set(element_, "model", "other", nullptr);
  play();
  push(tones(1, {}), 0);
  finish();
  EXPECT_EQ(calls().last_engine_options.model, "other");
}

TEST_F(Lifecycle, TwoElementsShareOneModel) {
  set_script({.load_time = 20ms});
  make();
  auto* other = GST_ELEMENT(gst_object_ref_sink(g_object_new(GST_TYPE_NPU_WHISPER, nullptr)));
  gst_element_set_state(element_, GST_STATE_READY);
  gst_element_set_state(other, GST_STATE_READY);
  gst_element_set_state(other, GST_STATE_NULL);
  gst_element_set_state(element_, GST_STATE_NULL);
  gst_object_unref(other);
  EXPECT_EQ(calls().loads, 1);
}

TEST_F(Lifecycle, StopsDuringInferenceAndWhileTheProducerWaits) {
  set_script({.window = kSampleRate, .decode_time = 60s});
  play();
  GstFlowReturn flow = GST_FLOW_OK;
  std::thread producer([&] { flow = push(tones(60, {}), 0); });
  while (stat("windows") == 0) g_usleep(1000);
  const auto begin = Clock::now();
  gst_element_set_state(element_, GST_STATE_READY);
  EXPECT_LT(elapsed(begin), kAtOnce);
  producer.join();
  EXPECT_EQ(flow, GST_FLOW_FLUSHING);
}

TEST_F(Lifecycle, StopsWhileLoading) {
  std::binary_semaphore may_go_on(0);
  bool waited_in_vain = false;
  set_script({.while_loading = [&] { waited_in_vain = !may_go_on.try_acquire_for(kTimeout); }});
  make();
  gst_element_set_state(element_, GST_STATE_PAUSED);
  gst_element_set_state(element_, GST_STATE_READY);
  may_go_on.release();
  gst_element_set_state(element_, GST_STATE_NULL);
  EXPECT_FALSE(waited_in_vain) << "PAUSED to READY does not wait for the model";
}

TEST_F(Lifecycle, RunsAgainAfterReady) {
  set_script({});
  play();
  push(tones(1, {{0.2, 0.5}}), 0);
  ASSERT_TRUE(out_->wait_for_event(GST_EVENT_SEGMENT));
  gst_element_set_state(element_, GST_STATE_READY);
  out_->clear();
  gst_element_set_state(element_, GST_STATE_PLAYING);
  push_event(gst_event_new_stream_start("again"));
  set_caps("F32LE");
  push_segment(0);
  push(tones(1, {{0.3, 0.5}}), 0);
  finish();
  ASSERT_EQ(out_->buffers().size(), 1U);
  EXPECT_EQ(out_->buffers()[0].start, seconds(0.3));
}

class AnyState : public ElementTest, public ::testing::WithParamInterface<GstState> {};

TEST_P(AnyState, CanBeGivenUp) {
  set_script({.load_time = 30ms});
  make();
  gst_element_set_state(element_, GetParam());
}

TEST_P(AnyState, AnswersLatency) {
  set_script({});
  make();
  gst_element_set_state(element_, GetParam());
  GstQuery* query = gst_query_new_latency();
  EXPECT_TRUE(gst_element_query(element_, query));
  gboolean live = TRUE;
  GstClockTime min = 1;
  GstClockTime max = 1;
  gst_query_parse_latency(query, &live, &min, &max);
  gst_query_unref(query);
  EXPECT_FALSE(live);
  EXPECT_EQ(min, 0U);
  EXPECT_EQ(max, GST_CLOCK_TIME_NONE);
}
INSTANTIATE_TEST_SUITE_P(All, AnyState,
                         ::testing::Values(GST_STATE_NULL, GST_STATE_READY, GST_STATE_PAUSED,
                                           GST_STATE_PLAYING));

class Properties : public ElementTest {};

TEST_F(Properties, AllAreDescribedAndSayWhenTheyMayChange) {
  make();
  guint n = 0;
  GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(element_), &n);
  for (guint i = 0; i < n; ++i) {
    const GParamSpec* spec = specs[i];
    if (spec->owner_type != GST_TYPE_NPU_WHISPER) continue;
    EXPECT_GT(strlen(g_param_spec_get_nick(specs[i])), 3U) << spec->name;
    EXPECT_GT(strlen(g_param_spec_get_blurb(specs[i])), 10U) << spec->name;
    if ((spec->flags & G_PARAM_WRITABLE) == 0) continue;
    EXPECT_NE(spec->flags & (GST_PARAM_MUTABLE_READY | GST_PARAM_MUTABLE_PLAYING), 0) << spec->name;
    // The default in the property's specification must be the initial value of the element.
    GValue value = G_VALUE_INIT;
    g_value_init(&value, spec->value_type);
    g_object_get_property(G_OBJECT(element_), spec->name, &value);
    EXPECT_TRUE(g_param_value_defaults(specs[i], &value)) << spec->name;
    g_value_unset(&value);
  }
  g_free(specs);
}

TEST_F(Properties, EveryValueSetIsTheValueGot) {
  make();
  guint n = 0;
  GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(element_), &n);
  for (guint i = 0; i < n; ++i) {
    GParamSpec* spec = specs[i];
    if (spec->owner_type != GST_TYPE_NPU_WHISPER || (spec->flags & G_PARAM_WRITABLE) == 0) continue;
    GValue set = G_VALUE_INIT;
    g_value_init(&set, spec->value_type);
    switch (G_TYPE_FUNDAMENTAL(spec->value_type)) {
      case G_TYPE_STRING:
        g_value_set_string(&set, "de");
        break;
      case G_TYPE_BOOLEAN:
        g_value_set_boolean(&set, !G_PARAM_SPEC_BOOLEAN(spec)->default_value);
        break;
      case G_TYPE_UINT:
        g_value_set_uint(&set, G_PARAM_SPEC_UINT(spec)->maximum);
        break;
      case G_TYPE_FLOAT:
        g_value_set_float(&set, G_PARAM_SPEC_FLOAT(spec)->minimum);
        break;
      case G_TYPE_ENUM:
        g_value_set_enum(&set, 1);
        break;
      case G_TYPE_FLAGS:
        g_value_set_flags(&set, G_PARAM_SPEC_FLAGS(spec)->flags_class->mask);
        break;
      default:
        FAIL() << spec->name << " has a type that this test does not know";
    }
    GValue got = G_VALUE_INIT;
    g_value_init(&got, spec->value_type);
    g_object_set_property(G_OBJECT(element_), spec->name, &set);
    g_object_get_property(G_OBJECT(element_), spec->name, &got);
    EXPECT_EQ(g_param_values_cmp(spec, &set, &got), 0) << spec->name;
    g_value_unset(&set);
    g_value_unset(&got);
  }
  g_free(specs);
}

TEST_F(Properties, ReachTheTranscriber) {
  set_script({});
  make();
  g_object_set(element_, "language", "PT_br", "task", 1, "beam-size", 3, "best-of", 4,
               "temperature", 0.2, "temperature-increment", 0.4, "compression-ratio-threshold", 2.0,
               "log-prob-threshold", -0.5, "no-speech-threshold", 0.3, "initial-prompt", "Names",
               "hotwords", "Ann, New York", "replacements", "a = b", "condition-on-previous-text",
               FALSE, "suppress-blank", FALSE, "suppress-non-speech", FALSE, "vad", 1,
               "vad-threshold", 0.4, "vad-min-speech", 70, "vad-min-silence", 300, "n-threads", 3,
               "device", 1, "precision", 1, nullptr);
  play();
  push(tones(1, {}), 0);
  finish();
  const TranscriberOptions options = calls().last_options;
  EXPECT_EQ(options.language, "pt");
  EXPECT_EQ(options.task, Task::Translate);
  EXPECT_EQ(options.beam_size, 3);
  EXPECT_EQ(options.best_of, 4);
  ASSERT_EQ(options.temperatures.size(), 3U);
  EXPECT_FLOAT_EQ(options.temperatures[0], 0.2F);
  EXPECT_FLOAT_EQ(options.temperatures[1], 0.6F);
  EXPECT_FLOAT_EQ(options.temperatures[2], 1.0F);
  EXPECT_FLOAT_EQ(options.compression_ratio_threshold, 2.0F);
  EXPECT_FLOAT_EQ(options.log_prob_threshold, -0.5F);
  EXPECT_FLOAT_EQ(options.no_speech_threshold, 0.3F);
  EXPECT_EQ(options.initial_prompt, "Names");
  EXPECT_EQ(options.hotwords, "Ann, New York");
  EXPECT_EQ(options.replacements, "a = b");
  EXPECT_FALSE(options.condition_on_previous_text);
  EXPECT_FALSE(options.suppress_blank);
  EXPECT_FALSE(options.suppress_non_speech);
  EXPECT_EQ(options.vad, Vad::On);
  EXPECT_FLOAT_EQ(options.vad_threshold, 0.4F);
  EXPECT_EQ(options.vad_min_speech, 70ms);
  EXPECT_EQ(options.vad_min_silence, 300ms);
  EXPECT_FALSE(options.word_times);
  EXPECT_FALSE(options.live_latency.has_value()) << "not live: whole windows";
  EXPECT_EQ(calls().last_engine_options.n_threads, 3U);
  EXPECT_EQ(calls().last_engine_options.device, DeviceKind::Cpu);
  EXPECT_EQ(calls().last_engine_options.precision, Precision::F32);
  EXPECT_TRUE(calls().last_engine_options.npu_stages.is_auto());
}

class VadStats : public ElementTest, public ::testing::WithParamInterface<VadUse> {};

TEST_P(VadStats, SayWhatBecameOfItAndAWarningDoesWhereItIsMissing) {
  set_script({.vad = GetParam()});
  make();
  play();
  push(tones(1, {}), 0);
  finish();
  GstStructure* stats = nullptr;
  g_object_get(element_, "stats", &stats, nullptr);
  constexpr const char* kNames[] = {"off", "on", "missing"};
  EXPECT_STREQ(gst_structure_get_string(stats, "vad"), kNames[static_cast<int>(GetParam())]);
  gst_structure_free(stats);
  EXPECT_EQ(message(GST_MESSAGE_WARNING, 0ms) != nullptr, GetParam() == VadUse::Missing);
}

INSTANTIATE_TEST_SUITE_P(All, VadStats,
                         ::testing::Values(VadUse::Off, VadUse::On, VadUse::Missing));

TEST_F(Properties, StagesReachTheEngine) {
  set_script({});
  make();
  gst_util_set_object_arg(G_OBJECT(element_), "npu-stages", "decoder+mel");
  play();
  push(tones(1, {}), 0);
  finish();
  EXPECT_EQ(calls().last_engine_options.npu_stages, (NpuStages{.mel = true, .decoder = true}));
}

TEST_F(Properties, StatsNameTheDevice) {
  set_script({});
  play();
  push(tones(1, {}), 0);
  finish();
  GstStructure* stats = nullptr;
  g_object_get(element_, "stats", &stats, nullptr);
  EXPECT_STREQ(gst_structure_get_name(stats), "application/x-npuwhisper-stats");
  EXPECT_STREQ(gst_structure_get_string(stats, "device"), "scripted device");
  EXPECT_STREQ(gst_structure_get_string(stats, "kernels"), "ear: none; hand: none");
  EXPECT_STREQ(gst_structure_get_string(stats, "alignment-heads"), "unknown");
  gst_structure_free(stats);
  EXPECT_EQ(stat("copied-buffers"), 10U);
  EXPECT_EQ(stat("bytes-copied"), 4U * kSampleRate);
  EXPECT_EQ(stat("pool-buffers"), 0U);
  EXPECT_EQ(stat("npu-calls"), 0U);
  EXPECT_EQ(stat("dma-syncs"), 0U);
}

TEST_F(Properties, StatsCountWhatAnNpuDid) {
  set_script({.device_stats = {.calls = 3,
                               .dma_syncs = 6,
                               .bytes_to_device = 100,
                               .bytes_from_device = 50,
                               .busy_time = std::chrono::milliseconds(30),
                               .since_first = std::chrono::milliseconds(120)}});
  play();
  push(tones(1, {}), 0);
  finish();
  EXPECT_EQ(stat("npu-calls"), 3U);
  EXPECT_EQ(stat("dma-syncs"), 6U);
  EXPECT_EQ(stat("bytes-to-device"), 100U);
  EXPECT_EQ(stat("bytes-from-device"), 50U);
  EXPECT_DOUBLE_EQ(stat_double("npu-utilisation"), 0.25);
}

TEST_F(Properties, StatsHaveStagesInMilliseconds) {
  set_script({.stage_time = std::chrono::milliseconds(7)});
  play();
  push(tones(1, {}), 0);
  finish();
  EXPECT_DOUBLE_EQ(stat_double("mel-ms"), 7);
  EXPECT_DOUBLE_EQ(stat_double("encoder-ms"), 14);
  EXPECT_DOUBLE_EQ(stat_double("decoder-ms"), 21);
  EXPECT_EQ(stat("mel-time"), 7'000'000U);
}

TEST_F(Properties, StatsCountPoolHitsAndMisses) {
  set_script({});
  play();
  // The samples are copied into newly allocated pool buffers, which count as misses.
  push(tones(1, {}), 0);
  finish();
  const std::uint64_t misses = stat("pool-misses");
  EXPECT_GT(misses, 0U);
  GstAllocator* allocator = offered_allocator();
  gst_memory_unref(gst_allocator_alloc(allocator, 3000, nullptr));
  gst_memory_unref(gst_allocator_alloc(allocator, 3000, nullptr));
  gst_object_unref(allocator);
  EXPECT_EQ(stat("pool-misses"), misses + 1);
  EXPECT_EQ(stat("pool-hits"), 1U);
}

}  // namespace
}  // namespace npuwhisper::test
