// SPDX-License-Identifier: LGPL-2.1-or-later
#include "programs/hls/webvtt_segments.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "temporary_folder.h"

namespace npuwhisper::cli {
namespace {

class WebVtt : public ::testing::Test {
 protected:
  WebVttSegments segments(std::size_t n_listed = 0) const {
    return WebVttSegments({.folder = folder_.path(), .n_listed = n_listed, .mpeg_time = 900});
  }
  bool exists(const char* name) const { return std::filesystem::exists(folder_.path() / name); }
  std::string read(const char* name) const {
    std::ifstream in(folder_.path() / name);
    EXPECT_TRUE(in) << name;
    return {std::istreambuf_iterator<char>(in), {}};
  }

  test::TemporaryFolder folder_;
};

TEST_F(WebVtt, ASegmentIsWrittenWhenAllOfItWasSaid) {
  auto out = segments();
  out.cue(500, 1500, "One & <two> -->\n\nthree");
  ASSERT_TRUE(out.advance(1999));
  EXPECT_FALSE(exists("captions00000.vtt"));
  EXPECT_FALSE(exists("captions.m3u8"));
  ASSERT_TRUE(out.advance(2000));
  EXPECT_EQ(read("captions00000.vtt"),
            "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900,LOCAL:00:00:00.000\n\n"
            "00:00:00.500 --> 00:00:01.500\nOne &amp; &lt;two&gt; --&gt;\nthree\n\n");
  EXPECT_EQ(read("captions.m3u8"),
            "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n"
            "#EXTINF:2.000,\ncaptions00000.vtt\n");
}

TEST_F(WebVtt, ACueIsInEachSegmentThatItReachesInto) {
  auto out = segments();
  out.cue(1500, 4500, "long");
  out.cue(5000, 5500, "short");
  ASSERT_TRUE(out.finish(7000));
  const std::string cue = "00:00:01.500 --> 00:00:04.500\nlong\n\n";
  EXPECT_NE(read("captions00000.vtt").find(cue), std::string::npos);
  EXPECT_NE(read("captions00001.vtt").find(cue), std::string::npos);
  EXPECT_NE(read("captions00002.vtt").find(cue + "00:00:05.000"), std::string::npos);
  EXPECT_EQ(read("captions00003.vtt"),
            "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:540900,LOCAL:00:00:06.000\n\n");
  EXPECT_NE(read("captions.m3u8").find("#EXTINF:1.000,\ncaptions00003.vtt\n#EXT-X-ENDLIST\n"),
            std::string::npos);
}

TEST_F(WebVtt, OldSegmentsGo) {
  auto out = segments(2);
  ASSERT_TRUE(out.advance(12000));
  EXPECT_NE(read("captions.m3u8")
                .find("SEQUENCE:4\n#EXTINF:2.000,\ncaptions00004.vtt\n#EXTINF:2.000,\n"
                      "captions00005.vtt\n"),
            std::string::npos);
  EXPECT_FALSE(exists("captions00001.vtt"));
  EXPECT_TRUE(exists("captions00002.vtt")) << "a player may still read it";
}

TEST_F(WebVtt, TheClockOfMpegBeginsAnewAfterADay) {
  WebVttSegments out({.folder = folder_.path(), .n_listed = 1, .mpeg_time = (1ULL << 33) - 90});
  ASSERT_TRUE(out.advance(4000));
  EXPECT_NE(read("captions00001.vtt").find("MPEGTS:179910,LOCAL:00:00:02.000"), std::string::npos);
}

TEST_F(WebVtt, LateAndEmptyCuesDoNoHarm) {
  auto out = segments();
  ASSERT_TRUE(out.advance(4000));
  out.cue(1000, 2000, "too late");
  out.cue(3000, 4500, "late");
  out.cue(4600, 5000, " \n ");
  ASSERT_TRUE(out.finish(4800));
  EXPECT_EQ(read("captions00002.vtt"),
            "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:360900,LOCAL:00:00:04.000\n\n"
            "00:00:04.000 --> 00:00:04.500\nlate\n\n");
}

TEST_F(WebVtt, SaysWhatItCannotWrite) {
  WebVttSegments out({.folder = folder_.path() / "none"});
  const auto written = out.advance(2000);
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().message.find("captions00000.vtt"), std::string::npos);
}

}  // namespace
}  // namespace npuwhisper::cli
