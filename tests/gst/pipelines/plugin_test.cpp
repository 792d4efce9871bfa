// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of the built plugin with the real runtime and a tiny model whose text is meaningless.
#include <gst/gst.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "temporary_folder.h"
#include "tests/gst/support/pipeline_fixture.h"
#include "tests/gst/support/recorder.h"
#include "tiny_model.h"

namespace npuwhisper::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

const std::string kSource = "audiotestsrc wave=pink-noise ! audio/x-raw,rate=16000,channels=1 ! ";

class Plugin : public ::testing::Test {
 protected:
  void SetUp() override { write_tiny_model(folder_.path()); }

  std::string element(const std::string& properties = "") const {
    // Allows a single attempt. The tiny model writes nonsense, so the decoder would otherwise try
    // all temperatures.
    return "npuwhisper name=n vad=off model=" + folder_.path().string() +
           " device=cpu language=en temperature-increment=0 " + properties;
  }
  std::string noise(int n_seconds) const {
    return "audiotestsrc wave=pink-noise samplesperbuffer=1600 num-buffers=" +
           std::to_string(10 * n_seconds) + " ! audio/x-raw,rate=16000,channels=1 ! ";
  }
  static std::unique_ptr<Recorder> record(const Pipeline& pipeline) {
    return std::make_unique<Recorder>(pipeline.element("n"));
  }

  TemporaryFolder folder_;
};

TEST_F(Plugin, SaysWhatItIs) {
  GstPlugin* plugin = gst_registry_find_plugin(gst_registry_get(), "npuwhisper");
  ASSERT_NE(plugin, nullptr);
  EXPECT_STREQ(gst_plugin_get_license(plugin), "GPL");
  gst_object_unref(plugin);
}

class MissingModel : public ::testing::TestWithParam<const char*> {};

TEST_P(MissingModel, IsAnErrorAtOnce) {
  const auto begin = Clock::now();
  Pipeline pipeline(kSource + "npuwhisper model=" + GetParam() + " ! fakesink");
  gst_element_set_state(pipeline.get(), GST_STATE_PAUSED);
  ASSERT_TRUE(pipeline.message(GST_MESSAGE_ERROR));
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  EXPECT_LT(Clock::now() - begin, kAtOnce) << "nor does stopping hang";
}
INSTANTIATE_TEST_SUITE_P(NameAndPath, MissingModel,
                         ::testing::Values("no-such-model", "/no/such/folder"));

/// Hides all models that are on this machine.
class NoModels : public ::testing::Test {
 protected:
  static constexpr const char* kFolders[] = {"NPUWHISPER_MODEL_DIR", "XDG_CACHE_HOME",
                                             "XDG_DATA_HOME", "HF_HOME", "HF_HUB_CACHE"};
  NoModels() {
    for (const char* name : kFolders) ::setenv(name, folder_.path().c_str(), 1);
  }
  ~NoModels() override {
    for (const char* name : kFolders) ::unsetenv(name);
  }

  TemporaryFolder folder_;
};

TEST_F(NoModels, TheErrorEndsWithTheCommandThatFetchesTheModel) {
  for (const char* name : {"turbo", "large-v3-turbo"}) {
    Pipeline pipeline(kSource + "npuwhisper model=" + name + " ! fakesink");
    gst_element_set_state(pipeline.get(), GST_STATE_PAUSED);
    const auto posted = pipeline.message(GST_MESSAGE_ERROR);
    ASSERT_TRUE(posted);
    GError* error = nullptr;
    gst_message_parse_error(posted.get(), &error, nullptr);
    EXPECT_TRUE(g_str_has_suffix(error->message, "; run npuwhisper-models fetch large-v3-turbo"))
        << error->message;
    EXPECT_TRUE(g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND));
    g_error_free(error);
    gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  }
}

TEST_F(Plugin, TruncatedModelIsAnError) {
  std::filesystem::resize_file(folder_.path() / "model.bin", 1000);
  Pipeline pipeline(kSource + element() + " ! fakesink");
  gst_element_set_state(pipeline.get(), GST_STATE_PAUSED);
  EXPECT_TRUE(pipeline.message(GST_MESSAGE_ERROR));
}

TEST_F(Plugin, UnknownLanguageIsAnError) {
  Pipeline pipeline(kSource + element("language-code=xx") + " ! fakesink");
  gst_element_set_state(pipeline.get(), GST_STATE_PAUSED);
  EXPECT_TRUE(pipeline.message(GST_MESSAGE_ERROR));
}

TEST_F(Plugin, UnknownCandidateIsAnError) {
  Pipeline pipeline(kSource + element("language-code=auto languages=en,xx") + " ! fakesink");
  gst_element_set_state(pipeline.get(), GST_STATE_PAUSED);
  EXPECT_TRUE(pipeline.message(GST_MESSAGE_ERROR));
}

TEST_F(Plugin, EnglishOnlyModelTakesEnglishAndAuto) {
  write_tiny_model(folder_.path(), {.is_multilingual = false});
  for (const char* language : {"en", "en-US", "English", "auto"}) {
    Pipeline pipeline(noise(2) + element("language-code=" + std::string(language)) + " ! fakesink");
    const auto out = record(pipeline);
    ASSERT_TRUE(pipeline.run()) << language;
    EXPECT_EQ(out->complaint(), "");
  }
  Pipeline pipeline(noise(2) + element("language-code=de") + " ! fakesink");
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  EXPECT_TRUE(pipeline.message(GST_MESSAGE_ERROR));
}

TEST_F(Plugin, RunsToTheEnd) {
  Pipeline pipeline(noise(40) + element() + " ! fakesink");
  const auto out = record(pipeline);
  ASSERT_TRUE(pipeline.run());
  EXPECT_EQ(out->complaint(), "");
  EXPECT_EQ(out->all().back().type, GST_EVENT_EOS);
}

TEST_F(Plugin, WordModeAndBeamsRunToTheEnd) {
  Pipeline pipeline(noise(5) + element("output-mode=word beam-size=3") + " ! fakesink");
  const auto out = record(pipeline);
  ASSERT_TRUE(pipeline.run());
  EXPECT_EQ(out->complaint(), "");
}

TEST_F(Plugin, FlushingSeekDuringInference) {
  Pipeline pipeline(kSource + element() + " ! fakesink");
  const auto out = record(pipeline);
  gst_element_set_state(pipeline.get(), GST_STATE_PAUSED);
  out->wait([](const auto&) { return false; }, 50ms);
  constexpr auto kFlags = static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE);
  for (GstClockTime start : {20, 5, 100}) {
    ASSERT_TRUE(gst_element_seek(pipeline.get(), 1.0, GST_FORMAT_TIME, kFlags, GST_SEEK_TYPE_SET,
                                 static_cast<gint64>(start * GST_SECOND), GST_SEEK_TYPE_SET,
                                 static_cast<gint64>((start + 35) * GST_SECOND)));
  }
  ASSERT_TRUE(pipeline.run());
  EXPECT_EQ(out->events(GST_EVENT_SEGMENT).back().start, 100 * GST_SECOND);
  EXPECT_EQ(out->complaint(), "");
}

TEST_F(Plugin, TwoElementsInOnePipeline) {
  Pipeline pipeline(noise(10) + "tee name=t  t. ! queue ! " + element() +
                    " ! fakesink  t. ! queue ! " +
                    "npuwhisper vad=off device=cpu language=de temperature-increment=0 model=" +
                    folder_.path().string() + " ! fakesink");
  ASSERT_TRUE(pipeline.run());
}

TEST_F(Plugin, ProbingAndGivingUpInEveryState) {
  for (const GstState state : {GST_STATE_READY, GST_STATE_PAUSED, GST_STATE_PLAYING}) {
    Pipeline pipeline(kSource + element() + " ! fakesink");
    gst_element_set_state(pipeline.get(), state);
    gst_element_set_state(pipeline.get(), GST_STATE_NULL);
    gst_element_set_state(pipeline.get(), state);
  }
}

TEST_F(Plugin, LiveSourceIsNotHeldUp) {
  Pipeline pipeline(
      "audiotestsrc is-live=true wave=pink-noise samplesperbuffer=1600 num-buffers=30 ! "
      "audio/x-raw,rate=16000,channels=1 ! " +
      element("latency=2000") + " ! fakesink sync=true");
  const auto begin = Clock::now();
  ASSERT_TRUE(pipeline.run());
  EXPECT_GT(Clock::now() - begin, 2900ms);
}

}  // namespace
}  // namespace npuwhisper::test
