// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of the output of the source pads: text, JSON, tags, messages, gaps.
#include <gmock/gmock.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <semaphore>

#include "element_fixture.h"
#include "gst/support/gst_ptr.h"

namespace npuwhisper::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class Output : public ElementTest {};

TEST_F(Output, FormatMayChangeInTheMiddle) {
  set_script({});
  play("S16LE");
  push(tones(1, {{0.5, 1.0}}), 0);
  set_caps("F32LE");
  push(tones(1, {{0.0, 0.5}}), seconds(1));
  finish();
  ASSERT_EQ(out_->buffers().size(), 1U) << "the change must not cut the sound in two";
  EXPECT_EQ(out_->buffers()[0].start, seconds(0.5));
  EXPECT_EQ(out_->buffers()[0].end, seconds(1.5));
}

TEST_F(Output, GapsFollowTheDecodingNotOnlyTheEnd) {
  set_script({.window = kSampleRate});
  play();
  push(tones(3.5, {}), 0);
  EXPECT_TRUE(out_->wait([](const std::vector<Record>& records) {
    return !records.empty() && records.back().end == 3 * GST_SECOND;
  }));
}

TEST_F(Output, WordModeGivesOneBufferAWord) {
  set_script({.texts = {" Hello there, you."}});
  make();
  g_object_set(element_, "output-mode", 1, nullptr);
  play();
  push(tones(2, {{0.5, 1.4}}), 0);
  finish();
  EXPECT_THAT(out_->texts(), ElementsAre("Hello", "there,", "you."));
  const auto words = out_->buffers();
  EXPECT_EQ(words[0].start, seconds(0.5));
  EXPECT_EQ(words[1].start, seconds(0.8));
  EXPECT_EQ(words[2].end, seconds(1.4));
  EXPECT_TRUE(calls().last_options.word_times);
}

// When the flush begins, the first word is blocked in the pad. Downstream has meanwhile requested
// other caps. The element would send these caps before the second word, but they cannot leave a
// flushing pad. This failure is not an error of the stream.
TEST_F(Output, AFlushBetweenWordsIsNoError) {
  set_script({.texts = {" Hello there, you."}});
  make();
  g_object_set(element_, "output-mode", 1, nullptr);
  play();
  std::atomic<bool> leaves{false};
  const PadPtr src(gst_element_get_static_pad(element_, "src"));
  const gulong probe = gst_pad_add_probe(
      src.get(), GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad* pad, GstPadProbeInfo*, gpointer flag) {
        *static_cast<std::atomic<bool>*>(flag) = true;
        eventually([pad] { return GST_PAD_IS_FLUSHING(pad); });
        return GST_PAD_PROBE_OK;
      },
      &leaves, nullptr);
  push(tones(2, {{0.5, 1.4}}), 0);
  push_event(gst_event_new_eos());
  ASSERT_TRUE(eventually([&] { return leaves.load(); }));
  gst_pad_push_event(harness_->sinkpad, gst_event_new_reconfigure());
  push_event(gst_event_new_flush_start());
  push_event(gst_event_new_flush_stop(TRUE));
  gst_pad_remove_probe(src.get(), probe);
  EXPECT_FALSE(message(GST_MESSAGE_ERROR, std::chrono::milliseconds(100)));
  out_->clear();
  push_event(gst_event_new_stream_start("again"));
  push_segment(0);
  EXPECT_EQ(push(tones(2, {{0.5, 1.4}}), 0), GST_FLOW_OK);
  finish();
  EXPECT_EQ(out_->buffers().size(), 3U);
}

TEST_F(Output, EmptyTextGivesNoBuffer) {
  set_script({.texts = {"  ", " real"}});
  play();
  push(tones(2, {{0.2, 0.4}, {1.0, 1.4}}), 0);
  finish();
  EXPECT_THAT(out_->texts(), ElementsAre("real"));
}

TEST_F(Output, MarkupIsEscapedWhereItIsNegotiated) {
  set_script({.texts = {" a < b & \"c\""}});
  play();
  gst_harness_set_sink_caps_str(harness_, "text/x-raw, format = pango-markup");
  push(tones(1, {{0.2, 0.8}}), 0);
  finish();
  EXPECT_THAT(out_->texts(), ElementsAre("a &lt; b &amp; &quot;c&quot;"));
  EXPECT_THAT(out_->events(GST_EVENT_CAPS).back().text, HasSubstr("pango-markup"));
}

TEST_F(Output, PlainTextIsNotEscaped) {
  set_script({.texts = {" a < b"}});
  play();
  push(tones(1, {{0.2, 0.8}}), 0);
  finish();
  EXPECT_THAT(out_->texts(), ElementsAre("a < b"));
  EXPECT_THAT(out_->events(GST_EVENT_CAPS).back().text, HasSubstr("utf8"));
}

TEST_F(Output, UnsyncedPadCarriesJson) {
  set_script({.texts = {" say \"hi\""}});
  make();
  g_object_set(element_, "word-times", TRUE, nullptr);
  GstPad* pad = gst_element_request_pad_simple(element_, "unsynced_src");
  ASSERT_NE(pad, nullptr);
  Recorder json(pad);
  play();
  push(tones(2, {{0.5, 1.5}}), seconds(10));
  finish();
  ASSERT_TRUE(json.wait_for_event(GST_EVENT_EOS));
  EXPECT_EQ(json.complaint(), "");
  ASSERT_EQ(json.buffers().size(), 1U);
  EXPECT_EQ(json.buffers()[0].start, seconds(10.5));
  const auto object = nlohmann::json::parse(json.buffers()[0].text);
  EXPECT_EQ(object["type"], "segment");
  EXPECT_EQ(object["final"], true);
  EXPECT_EQ(object["language"], "en");
  EXPECT_EQ(object["text"], " say \"hi\"");
  EXPECT_DOUBLE_EQ(object["start"], 10.5);
  EXPECT_DOUBLE_EQ(object["end"], 11.5);
  EXPECT_DOUBLE_EQ(object["avg_logprob"], -0.25);
  ASSERT_EQ(object["words"].size(), 2U);
  EXPECT_EQ(object["words"][1]["word"], " \"hi\"");
  EXPECT_DOUBLE_EQ(object["words"][1]["start"], 11.0);
  EXPECT_THAT(json.events(GST_EVENT_CAPS).back().text, HasSubstr("application/x-json"));
  gst_element_release_request_pad(element_, pad);
  gst_object_unref(pad);
}

// Drafts are sent immediately, so that applications can show them in grey. Each result replaces the
// draft before it.
TEST_F(Output, PartialResultsComeBeforeTheFinalOne) {
  set_script({.texts = {" now"}, .window = 2 * kSampleRate, .drafts = true});
  make();
  g_object_set(element_, "partial-results", TRUE, "latency", 5000, nullptr);
  GstPad* pad = gst_element_request_pad_simple(element_, "unsynced_src");
  Recorder json(pad);
  play("F32LE", true);
  push(tones(1, {{0.5, 1.0}}), seconds(10));
  ASSERT_TRUE(json.wait_for_buffers(1)) << "the window is not full yet";
  push(tones(1, {{0.0, 0.2}}), seconds(11));
  finish();
  ASSERT_TRUE(json.wait_for_event(GST_EVENT_EOS));
  std::vector<nlohmann::json> objects;
  for (const std::string& text : json.texts()) objects.push_back(nlohmann::json::parse(text));
  ASSERT_GE(objects.size(), 3U);
  double end = 0;
  for (std::size_t i = 0; i + 2 < objects.size(); ++i) {
    EXPECT_EQ(objects[i]["final"], false);
    EXPECT_EQ(objects[i]["text"], " now");
    ASSERT_EQ(objects[i]["words"].size(), 1U);
    EXPECT_EQ(objects[i]["words"][0]["word"], " now");
    EXPECT_DOUBLE_EQ(objects[i]["words"][0]["start"], 10.5);
    EXPECT_GT(objects[i]["words"][0]["end"], end) << "the same is not sent twice";
    end = objects[i]["words"][0]["end"];
  }
  const auto& last = objects[objects.size() - 2];
  EXPECT_EQ(last["final"], true);
  EXPECT_DOUBLE_EQ(last["start"], 10.5);
  EXPECT_DOUBLE_EQ(last["end"], 11.2);
  EXPECT_EQ(objects.back()["final"], false) << "and nothing is left that may change";
  EXPECT_TRUE(objects.back()["words"].empty());
  EXPECT_EQ(json.buffers()[objects.size() - 2].start, seconds(10.5)) << "drafts do not move it";
  EXPECT_THAT(out_->texts(), ElementsAre("now")) << "no draft in the text";
  gst_element_release_request_pad(element_, pad);
  gst_object_unref(pad);
}

// While downstream takes nothing from the JSON pad, new partial results replace old ones, and final
// results are queued. The text pad is not delayed.
TEST_F(Output, WhoTakesNoJsonHoldsUpNoText) {
  constexpr int kSeconds = 100;
  set_script({.drafts = true});
  make();
  g_object_set(element_, "partial-results", TRUE, "latency", 1000, nullptr);
  GstPad* pad = gst_element_request_pad_simple(element_, "unsynced_src");
  const gulong block = gst_pad_add_probe(
      pad, GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM,
      [](GstPad*, GstPadProbeInfo*, gpointer) { return GST_PAD_PROBE_OK; }, nullptr, nullptr);
  play("F32LE", true);
  for (int i = 0; i < kSeconds; ++i) {
    push(tones(1, {{0.1, 0.2}}), seconds(i));
    ASSERT_TRUE(out_->wait([i](const std::vector<Record>& records) {
      return !records.empty() && records.back().kind != Record::Kind::Event &&
             records.back().end >= seconds(i);
    })) << i;
  }
  EXPECT_GT(stat("replaced-partial-results"), 50U);
  EXPECT_EQ(stat("dropped-results"), 0U) << "there is room for so many";
  Recorder json(pad);
  gst_pad_remove_probe(pad, block);
  finish();
  ASSERT_TRUE(json.wait_for_event(GST_EVENT_EOS));
  std::size_t n_final = 0;
  for (const std::string& text : json.texts()) {
    if (nlohmann::json::parse(text)["final"]) ++n_final;
  }
  EXPECT_GE(n_final, static_cast<std::size_t>(kSeconds));
  gst_element_release_request_pad(element_, pad);
  gst_object_unref(pad);
}

TEST_F(Output, NoPartialResultsUnlessAskedFor) {
  set_script({.window = 2 * kSampleRate, .drafts = true});
  make();
  g_object_set(element_, "latency", 5000, nullptr);
  GstPad* pad = gst_element_request_pad_simple(element_, "unsynced_src");
  Recorder json(pad);
  play("F32LE", true);
  push(tones(2, {{0.5, 1.0}}), 0);
  finish();
  ASSERT_TRUE(json.wait_for_event(GST_EVENT_EOS));
  EXPECT_EQ(json.buffers().size(), 1U);
  gst_element_release_request_pad(element_, pad);
  gst_object_unref(pad);
}

TEST_F(Output, UnsyncedPadThatComesLateGetsTheStickyEvents) {
  set_script({.window = kSampleRate});
  play();
  push(tones(2.5, {{0.2, 0.8}}), 0);
  ASSERT_TRUE(out_->wait_for_buffers(1));
  GstPad* pad = gst_element_request_pad_simple(element_, "unsynced_src");
  Recorder json(pad);
  push(tones(2, {{0.0, 0.2}}), seconds(2.5));
  ASSERT_TRUE(json.wait_for_buffers(1));
  expect_sticky_events(pad,
                       {GST_EVENT_STREAM_START, GST_EVENT_CAPS, GST_EVENT_SEGMENT, GST_EVENT_TAG});
  gst_element_release_request_pad(element_, pad);
  gst_object_unref(pad);
  push(tones(1, {{0.5, 0.8}}), seconds(4.5));
  finish();
  EXPECT_EQ(out_->buffers().size(), 3U);
}

TEST_F(Output, MessagesOnRequest) {
  set_script({.texts = {" hi"}});
  make();
  g_object_set(element_, "post-messages", TRUE, nullptr);
  play();
  push(tones(1, {{0.25, 0.75}}), seconds(2));
  finish();
  const auto posted = message(GST_MESSAGE_ELEMENT);
  ASSERT_TRUE(posted);
  const GstStructure* fields = gst_message_get_structure(posted.get());
  EXPECT_STREQ(gst_structure_get_name(fields), "npuwhisper/segment");
  EXPECT_STREQ(gst_structure_get_string(fields, "text"), " hi");
  EXPECT_STREQ(gst_structure_get_string(fields, "language"), "en");
  guint64 start = 0;
  EXPECT_TRUE(gst_structure_get_uint64(fields, "start", &start));
  EXPECT_EQ(start, seconds(2.25));
  EXPECT_EQ(nlohmann::json::parse(gst_structure_get_string(fields, "json"))["text"], " hi");
}

TEST_F(Output, NoMessagesUnlessAskedFor) {
  set_script({});
  play();
  push(tones(1, {{0.25, 0.75}}), 0);
  finish();
  EXPECT_FALSE(message(GST_MESSAGE_ELEMENT, std::chrono::milliseconds(0)));
}

TEST_F(Output, DetectedLanguageIsTaggedOnce) {
  set_script({.window = kSampleRate, .detected_language = "jw"});
  play();
  push(tones(4, {{0.2, 0.5}, {2.2, 2.5}}), 0);
  finish();
  const auto tags = out_->events(GST_EVENT_TAG);
  ASSERT_EQ(tags.size(), 1U);
  EXPECT_THAT(tags[0].text, HasSubstr("language-code=(string)jv"));
}

TEST_F(Output, DoubtfulLanguageIsAWarning) {
  set_script({.detected_language = "es", .language_probability = 0.43F});
  play();
  push(tones(1, {{0.25, 0.75}}), 0);
  finish();
  const auto warning = message(GST_MESSAGE_WARNING, std::chrono::seconds(5));
  ASSERT_TRUE(warning);
  GError* error = nullptr;
  gst_message_parse_warning(warning.get(), &error, nullptr);
  const std::string text = error->message;
  g_error_free(error);
  EXPECT_THAT(text, HasSubstr("Spanish (es)"));
  EXPECT_THAT(text, HasSubstr("0.43"));
  EXPECT_THAT(text, HasSubstr("language-code"));
  EXPECT_FALSE(message(GST_MESSAGE_WARNING, std::chrono::milliseconds(0))) << "once";
}

TEST_F(Output, SureLanguageIsNoWarning) {
  set_script({.detected_language = "es", .language_probability = 0.5F});
  play();
  push(tones(1, {{0.25, 0.75}}), 0);
  finish();
  EXPECT_FALSE(message(GST_MESSAGE_WARNING, std::chrono::milliseconds(0)));
}

TEST_F(Output, CandidatesAndScriptReachTheTranscriber) {
  set_script({});
  make();
  g_object_set(element_, "languages", "en,German,es-MX", nullptr);
  gst_util_set_object_arg(G_OBJECT(element_), "chinese-script", "traditional");
  play();
  push(tones(1, {{0.25, 0.75}}), 0);
  finish();
  EXPECT_EQ(calls().last_options.languages, (std::vector<std::string>{"en", "de", "es"}));
  EXPECT_EQ(calls().last_options.chinese_script, ChineseScript::Traditional);
  gchar* languages = nullptr;
  gint script = 0;
  g_object_get(element_, "languages", &languages, "chinese-script", &script, nullptr);
  EXPECT_STREQ(languages, "en,German,es-MX");
  g_free(languages);
  EXPECT_EQ(script, static_cast<int>(ChineseScript::Traditional));
}

TEST_F(Output, GivenLanguageIsTaggedAtOnceAndUpstreamsTagsAreKept) {
  set_script({});
  make();
  g_object_set(element_, "language-code", "de-CH", nullptr);
  play();
  ASSERT_TRUE(out_->wait_for_event(GST_EVENT_TAG));
  EXPECT_EQ(calls().last_options.language, "de");
  push_event(gst_event_new_tag(
      gst_tag_list_new(GST_TAG_TITLE, "A talk", GST_TAG_AUDIO_CODEC, "Opus", nullptr)));
  finish();
  const auto tags = out_->events(GST_EVENT_TAG);
  EXPECT_THAT(tags.front().text, HasSubstr("language-code=(string)de"));
  EXPECT_THAT(tags.back().text, HasSubstr("A\\ talk"));
  EXPECT_THAT(tags.back().text, HasSubstr("language-code=(string)de"));
  EXPECT_THAT(tags.back().text, Not(HasSubstr("audio-codec")));
}

TEST_F(Output, GivenLanguageIsTaggedBeforeAnySoundHoweverLongTheModelLoads) {
  std::binary_semaphore may_go_on(0);
  set_script({.while_loading = [&] { may_go_on.acquire(); }});
  make();
  g_object_set(element_, "language-code", "fr", nullptr);
  play();
  ASSERT_TRUE(out_->wait_for_event(GST_EVENT_SEGMENT));
  EXPECT_TRUE(out_->events(GST_EVENT_TAG).empty());
  may_go_on.release();
  ASSERT_TRUE(out_->wait_for_event(GST_EVENT_TAG));
  EXPECT_THAT(out_->events(GST_EVENT_TAG).front().text, HasSubstr("language-code=(string)fr"));
}

/// A harness whose sink returns NOT_LINKED, as if nothing were linked downstream.
class NotLinked : public ElementTest {
 protected:
  void play_into(GstPadChainFunction chain) {
    set_script({.window = 2 * kSampleRate});
    play();
    is_upstream_told();  // Discards the event from linking the harness.
    gst_pad_set_chain_function(harness_->sinkpad, chain);
  }
  // Sends the event that linking an element sends.
  static void reconfigure(GstPad* sink) { gst_pad_push_event(sink, gst_event_new_reconfigure()); }
  bool is_upstream_told() {
    bool told = false;
    while (GstEvent* event = gst_harness_try_pull_upstream_event(harness_)) {
      told = told || GST_EVENT_TYPE(event) == GST_EVENT_RECONFIGURE;
      gst_event_unref(event);
    }
    return told;
  }
  GstFlowReturn push_a_little() { return push(tones(0.01, {}), GST_CLOCK_TIME_NONE); }
};

TEST_F(NotLinked, StopsUpstreamUntilItIsLinkedAgain) {
  play_into([](GstPad*, GstObject*, GstBuffer* buffer) {
    gst_buffer_unref(buffer);
    return GST_FLOW_NOT_LINKED;
  });
  push(tones(2, {{0.2, 0.5}}), 0);
  EXPECT_TRUE(eventually([this] { return push_a_little() == GST_FLOW_NOT_LINKED; }));
  reconfigure(harness_->sinkpad);
  EXPECT_TRUE(is_upstream_told());
  EXPECT_EQ(push_a_little(), GST_FLOW_OK);
}

// When an application links a pad, the pad accepts buffers shortly before it sends RECONFIGURE.
TEST_F(NotLinked, UpstreamGoesOnThoughAPushSucceedsFirst) {
  static std::atomic<int> n_pushed;
  n_pushed = 0;
  play_into([](GstPad*, GstObject*, GstBuffer* buffer) {
    gst_buffer_unref(buffer);
    return n_pushed++ == 0 ? GST_FLOW_NOT_LINKED : GST_FLOW_OK;
  });
  push(tones(2, {{0.2, 0.5}, {1.2, 1.5}}), 0);
  EXPECT_TRUE(eventually([this] { return n_pushed == 2 && push_a_little() == GST_FLOW_OK; }));
  reconfigure(harness_->sinkpad);
  EXPECT_TRUE(is_upstream_told());
}

// The pad is linked again before the element handles NOT_LINKED. Upstream must still receive
// RECONFIGURE, because an upstream queue may have stopped in the meantime.
TEST_F(NotLinked, LinkedAgainBeforeTheFailureIsKnownUpstreamGoesOn) {
  play_into([](GstPad* sink, GstObject*, GstBuffer* buffer) {
    gst_buffer_unref(buffer);
    reconfigure(sink);
    return GST_FLOW_NOT_LINKED;
  });
  push(tones(2, {{0.2, 0.5}}), 0);
  EXPECT_TRUE(eventually([this] { return is_upstream_told(); }));
  EXPECT_EQ(push_a_little(), GST_FLOW_OK);
}

}  // namespace
}  // namespace npuwhisper::test
