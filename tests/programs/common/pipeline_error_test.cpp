// SPDX-License-Identifier: LGPL-2.1-or-later
#include "programs/common/pipeline_error.h"

#include <gst/pbutils/pbutils.h>
#include <gtest/gtest.h>

#include <string>

#include "programs/common/gst_owned.h"

namespace npuwhisper::cli {
namespace {

class PipelineErrorTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    gst_init(nullptr, nullptr);
    gst_pb_utils_init();
  }

  PipelineErrorTest() : element_(gst_bin_new("source")) { gst_object_ref_sink(element_.get()); }

  void miss_decoder(const char* caps_text) {
    GstCaps* caps = gst_caps_from_string(caps_text);
    note(gst_missing_decoder_message_new(element_.get(), caps));
    gst_caps_unref(caps);
  }
  void miss_source(const char* protocol) {
    note(gst_missing_uri_source_message_new(element_.get(), protocol));
  }
  std::string text_of(GQuark domain, gint code) {
    GError* error = g_error_new_literal(domain, code, "It failed.");
    const Owned<GstMessage> message(gst_message_new_error(GST_OBJECT(element_.get()), error,
                                                          "file.c(1): function ():\nThe reason"));
    g_error_free(error);
    return error_.translate(message.get()).message;
  }
  std::string missing() { return text_of(GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN); }

 private:
  void note(GstMessage* raw) {
    const Owned<GstMessage> message(raw);
    error_.note(message.get());
  }

  Owned<GstElement> element_;
  PipelineError error_;
};

TEST_F(PipelineErrorTest, NamesTheDebianPackageOfADecoder) {
  miss_decoder("audio/x-alac");
  const std::string text = missing();
  EXPECT_NE(text.find("(ALAC) decoder; Debian's package gstreamer1.0-libav has one"),
            std::string::npos)
      << text;
}

TEST_F(PipelineErrorTest, NamesThePackagesOfASource) {
  miss_source("http");
  const std::string text = missing();
  EXPECT_NE(text.find("HTTP protocol source; Debian's packages gstreamer1.0-plugins-good "
                      "libsoup-3.0-0 have one"),
            std::string::npos)
      << text;
}

TEST_F(PipelineErrorTest, TellsMp3FromAac) {
  miss_decoder("audio/mpeg, mpegversion=1, layer=3");
  EXPECT_NE(missing().find("gstreamer1.0-plugins-good"), std::string::npos) << missing();
}

TEST_F(PipelineErrorTest, HasTheInstallerDetailOfADecoderInNoKnownPackage) {
  miss_decoder("audio/x-of-tomorrow, version=2");
  EXPECT_NE(missing().find("|decoder-audio/x-of-tomorrow"), std::string::npos) << missing();
}

TEST_F(PipelineErrorTest, VideoThatCannotBeDecodedIsNoReason) {
  miss_decoder("video/x-h264, profile=high-4:4:4");
  EXPECT_EQ(missing(), "it contains no audio");
}

TEST_F(PipelineErrorTest, AudioGoesBeforeVideo) {
  miss_decoder("video/x-h264, profile=high-4:4:4");
  miss_decoder("audio/x-wma, wmaversion=2");
  EXPECT_NE(missing().find("Windows Media Audio"), std::string::npos) << missing();
}

TEST_F(PipelineErrorTest, AContainerMayHoldAudio) {
  miss_decoder("video/x-ms-asf");
  EXPECT_NE(missing().find("gstreamer1.0-plugins-ugly"), std::string::npos) << missing();
}

TEST_F(PipelineErrorTest, SaysWhatIsNoMediaFile) {
  EXPECT_EQ(text_of(GST_STREAM_ERROR, GST_STREAM_ERROR_TYPE_NOT_FOUND),
            "not recognised as audio or video: It failed.");
}

TEST_F(PipelineErrorTest, AddsTheReasonOfOtherErrors) {
  EXPECT_EQ(text_of(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ), "It failed. (The reason)");
}

}  // namespace
}  // namespace npuwhisper::cli
